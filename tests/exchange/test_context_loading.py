"""Editions of published series: what a file must say, and that an edition is never changed."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from indicators.entry.importing import read_table
from indicators.exchange.context_loading import load_context
from indicators.exchange.context_reading import Wording
from indicators.models import ContextRelease, ContextSeries, ContextValue, Event
from tests import factories as make
from tests.exchange.scenes import AT, PUBLISHED

pytestmark = pytest.mark.django_db
WGI = PUBLISHED / "wgi" / "wgi_focus_mena_sahel.csv"
UCDP = PUBLISHED / "ucdp" / "ucdp_ged_iraq_hdx_hxl.csv"
TOLD = Wording(name="Readiness", publisher="Somebody", unit="score", licence="CC BY 4.0")
TIDY = "country,period,value,standard_error\n#country,#date,#value,\nIRQ,2023,1.5,0.2\nIraq,2024,1.75,\n,,,\n"
GOVERNANCE = (
    "countryname,year,indicator,estimate,stddev\nIraq,2022,cc,-1.2345678,0.15\nIraq,2023,cc,..,..\n"
    "Chad,2022,cc,1,1\n"
)
EVENTS = (
    "id,country,iso3,date_start,best\n#id,#country,#country+code,#date,#affected\n1,Iraq,IRQ,2018-01-05,8\n"
    "2,Iraq,IRQ,2018-01-31,2\n3,Iraq,IRQ,2018-03-01,0\n,,,,\n,,,,\n"
)


@pytest.fixture
def admin():
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    return make.make_admin()


@pytest.fixture
def load(tmp_path, admin):
    def load(content, vintage="2024", series="", wording=None, **given):
        path = tmp_path / "context.csv"
        path.write_text(content, encoding="utf-8")
        return load_context(
            table=read_table(path), vintage=vintage, series=series, wording=wording, by=admin, at=AT, **given
        )

    return load


def test_a_tidy_file_with_tags_and_blank_rows(load):
    outcome = load(TIDY, series="READY", wording=TOLD)

    assert outcome.problems == []
    rows = ContextValue.objects.order_by("starts_on").values_list(
        "starts_on", "ends_on", "value", "standard_error"
    )
    assert list(rows) == [
        (date(2023, 1, 1), date(2023, 12, 31), Decimal("1.5"), Decimal("0.2")),
        (date(2024, 1, 1), date(2024, 12, 31), Decimal("1.75"), None),
    ]
    series = ContextSeries.objects.get()
    assert (series.code, series.licence, series.unit) == ("READY", "CC BY 4.0", "score")
    assert Event.objects.get(verb="loaded an edition").after["values"] == 2


def test_governance_estimates_with_their_standard_errors(load):
    outcome = load(GOVERNANCE, "2025 release")

    assert (outcome.empty, outcome.skipped) == (1, [("Chad", 1)])
    value = ContextValue.objects.get()
    assert (value.value, value.standard_error) == (Decimal("-1.234568"), Decimal("0.15"))
    assert (value.release.series.code, value.release.vintage) == ("WGI-CC", "2025 release")


def test_events_are_counted_by_month_and_a_month_between_without_any_has_none(load):
    load(EVENTS)

    def of(code):
        return list(ContextValue.objects.filter(release__series__code=code).values_list("starts_on", "value"))

    january, february, march = (date(2018, month, 1) for month in (1, 2, 3))
    assert of("UCDP-GED-DEATHS") == [(january, 10), (february, 0), (march, 0)]
    assert of("UCDP-GED-EVENTS") == [(january, 2), (february, 0), (march, 1)]


def test_the_same_file_twice_changes_nothing(load):
    load(TIDY, series="READY", wording=TOLD)
    before = list(ContextValue.objects.values()), Event.objects.count()

    again = load(TIDY, series="READY")

    assert again.changes_nothing
    assert (list(ContextValue.objects.values()), Event.objects.count()) == before


def test_a_new_edition_stands_beside_the_old_one(load):
    load(TIDY, series="READY", wording=TOLD)
    load(TIDY.replace("1.5", "1.6"), "2025", series="READY")

    assert list(ContextRelease.objects.order_by("vintage").values_list("vintage", flat=True)) == [
        "2024",
        "2025",
    ]
    assert ContextValue.objects.filter(release__vintage="2024", value=Decimal("1.5")).exists()


def test_another_content_under_the_same_name_is_refused(load):
    load(TIDY, series="READY", wording=TOLD)

    with pytest.raises(ValidationError, match="1 values differ"):
        load(TIDY.replace("1.5", "1.6"), series="READY")
    assert ContextValue.objects.count() == 2


def test_a_dry_run_keeps_nothing(load):
    outcome = load(TIDY, series="READY", wording=TOLD, dry_run=True)

    assert (outcome.lines[0].values, outcome.is_kept) == (2, False)
    assert not ContextSeries.objects.exists()


@pytest.mark.parametrize(
    ("line", "column", "expected"),
    [
        ("IRQ,2023,abc,", "value", "a number such as"),
        ('IRQ,2023,"1,5",', "value", "decimal point"),
        ("IRQ,2023,NA,", "value", "a number such as"),
        ("IRQ,2023,1,-0.1", "standard_error", "0 or more"),
        ("IRQ,9999,1,", "period", "2023-Q2"),
        ("IRQ,2023-13,1,", "period", "2023-Q2"),
        (",2023,1,", "country", "name or code of a country"),
        ("IRQ,2024-Q1,1,\nIRQ,2024-01,2,", "period", "row 2 has one already"),
    ],
)
def test_every_cell_that_cannot_be_taken_is_said_and_nothing_is_kept(load, line, column, expected):
    outcome = load(f"country,period,value,standard_error\n{line}\n", series="READY", wording=TOLD)

    assert [(one.column, expected in one.expected) for one in outcome.problems] == [(column, True)]
    assert outcome.problems[0].row in {2, 3}
    assert not ContextSeries.objects.exists()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"vintage": " "}, "name of the edition"),
        ({"vintage": "x" * 61}, "1 to 60"),
        ({"series": ""}, "code of the series"),
        ({"series": "a b"}, "letters, digits and hyphens"),
        ({"wording": None}, "Series READY is new"),
        ({"source": "x" * 301}, "300 characters"),
    ],
)
def test_what_whoever_loads_it_must_say(load, given, expected):
    with pytest.raises(ValidationError, match=expected):
        load(TIDY, **({"series": "READY", "wording": TOLD} | given))


def test_a_licence_is_not_changed_by_loading(load):
    load(TIDY, series="READY", wording=TOLD)

    with pytest.raises(ValidationError, match=r"kept under “CC BY 4.0”"):
        load(TIDY, "2025", series="READY", wording=Wording(licence="CC0"))


def test_a_file_of_no_known_form_is_refused_with_the_forms(load):
    with pytest.raises(ValidationError, match="countryname, year, indicator, estimate"):
        load("a,b\n1,2\n")


def test_namibia_is_a_country(load):
    make.make_partner("NAM", alpha2="NA", name="Namibia")
    load("country,period,value\nNA,2023,1\n", series="READY", wording=TOLD)

    assert ContextValue.objects.get().partner.code == "NAM"


def test_only_administrators_load(load, admin, tmp_path):
    admin.global_role = ""
    admin.save()

    with pytest.raises(PermissionDenied):
        load(TIDY, series="READY", wording=TOLD)


def test_the_command(admin, tmp_path, capsys):
    path = tmp_path / "c.csv"
    path.write_text(GOVERNANCE)
    call_command("load_context", path, "--release", "2025", "--dry-run")
    assert "nothing was kept" in capsys.readouterr().out
    call_command("load_context", path, "--release", "2025")
    said = capsys.readouterr().out
    assert "WGI-CC: 1 values, 1 countries, new" in said
    assert "skipped, no partner here: Chad (1 values)" in said
    path.write_text(GOVERNANCE.replace("-1.2345678", "low"))
    with pytest.raises(CommandError, match="nothing was kept"):
        call_command("load_context", path, "--release", "2026")
    assert "row 2, estimate ('low')" in capsys.readouterr().err
    path.write_text(TIDY)
    with pytest.raises(CommandError, match=r"publisher: Series READY is new"):
        call_command("load_context", path, "--release", "2026", "--series", "ready")


# --- Published files ---------------------------------------------------------------------------------------------


@pytest.mark.skipif(not WGI.exists(), reason=f"{WGI} is not here; it is not part of the project")
def test_the_published_governance_estimates(admin):
    for code, alpha2, name in (("EGY", "EG", "Egypt"), ("TUN", "TN", "Tunisia")):
        make.make_partner(code, alpha2=alpha2, name=name)

    outcome = load_context(table=read_table(WGI), vintage="2024 release", by=admin, at=AT)

    assert len(outcome.lines) == 6
    assert {line.countries for line in outcome.lines} == {3}
    assert len(outcome.skipped) == 15
    assert (
        sum(line.values for line in outcome.lines) == ContextValue.objects.count() == 3 * 150 - outcome.empty
    )
    assert ContextValue.objects.filter(standard_error=None).count() == 0


@pytest.mark.skipif(not UCDP.exists(), reason=f"{UCDP} is not here; it is not part of the project")
def test_the_published_events(admin):
    load_context(table=read_table(UCDP), vintage="HDX edition", by=admin, at=AT)

    events = ContextValue.objects.filter(release__series__code="UCDP-GED-EVENTS")
    assert sum(one.value for one in events) == 7473
    assert events.count() == 360
