"""A publisher's own file, as it is."""

import pytest

from indicators.exchange.findings import Effect
from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_file
from indicators.models import Event, Observation, Partner, Programme, ProgrammeIndicator, State
from tests import factories as make
from tests.exchange.scenes import AT, PUBLISHED

pytestmark = pytest.mark.django_db
UNHCR = PUBLISHED / "iati" / "unhcr_2022_mena.xml"
COUNTRIES = {
    "DZA": "DZ", "EGY": "EG", "IRQ": "IQ", "JOR": "JO", "LBN": "LB", "LBY": "LY", "MRT": "MR", "SYR": "SY", "YEM": "YE",
}  # fmt: skip


@pytest.fixture(scope="module")
def published():
    if not UNHCR.exists():
        pytest.skip(f"{UNHCR} is not here; it is not part of the project")
    return read_file(UNHCR)


@pytest.fixture
def choices():
    for code, alpha2 in COUNTRIES.items():
        make.make_partner(code, alpha2=alpha2)
    return read_choices([f"XM-DAC-41121-2022-MENA-{code}=UNHCR-{code}/{code}" for code in COUNTRIES])


def test_every_one_of_its_312_indicators_is_in_or_refused_with_a_reason(published, choices):
    admin = make.make_admin()

    outcome = import_file(file=published, choices=choices, by=admin, at=AT)

    assert outcome.indicators == 312
    assert outcome.refused == len(outcome.of(Effect.REFUSED))
    assert ProgrammeIndicator.objects.count() == outcome.new == 312 - outcome.refused
    assert Programme.objects.filter(code__startswith="UNHCR-").count() == 9
    assert Observation.objects.count() == outcome.figures.new
    assert outcome.figures.new + outcome.figures.left_out == 401
    assert set(Observation.objects.values_list("state", flat=True)) == {State.SUBMITTED}
    said = [one.expected for one in outcome.findings]
    assert sum("other than the baseline" in one for one in said) == 48
    assert sum("target above the baseline" in one for one in said) == 16
    assert sum("target below the baseline" in one for one in said) == 2

    again = import_file(file=published, choices=choices, by=admin, at=AT)
    assert again.changes_nothing
    assert (again.same, again.figures.same) == (outcome.new, outcome.figures.new)


def test_without_a_country_nothing_is_guessed(published):
    outcome = import_file(file=published, by=make.make_admin(), at=AT)

    assert outcome.refused == 312
    assert not Programme.objects.exists()
    assert all("country" in one.expected for one in outcome.of(Effect.REFUSED))


def test_a_dry_run_says_the_same_and_keeps_nothing(published, choices):
    admin, before = make.make_admin(), Event.objects.count()

    tried = import_file(file=published, choices=choices, by=admin, at=AT, dry_run=True)

    assert tried.new > 250
    assert (Programme.objects.count(), ProgrammeIndicator.objects.count(), Event.objects.count()) == (
        0,
        0,
        before,
    )
    assert Partner.objects.count() == len(COUNTRIES)
