"""What an IATI file may say, and what becomes of it: taken, left out, refused, each with its place and reason."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from indicators.entry.actions import approve_observation
from indicators.exchange.findings import Effect
from indicators.exchange.iati_programmes import read_choices
from indicators.models import (
    IatiActivity,
    IndicatorDefinition,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    Role,
    State,
)
from tests import factories as make
from tests.exchange.scenes import AT, activity, file, indicator, period, take

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    make.make_partner("IRQ", alpha2="IQ")
    return make.make_admin()


def only(outcome, effect=Effect.LEFT_OUT):
    found = outcome.of(effect)
    assert len(found) == 1, [str(one) for one in outcome.findings]
    return found[0]


def one(admin, *indicators, **given):
    return take(admin, activity(*indicators, **given))


# --- Taken -------------------------------------------------------------------------------------------------------


def test_an_activity_becomes_a_programme_with_objectives_indicators_targets_and_figures(admin):
    outcome = one(admin, indicator(period("12", "20"), baseline="10"))

    assert outcome.findings == []
    assert outcome.is_kept
    programme = Programme.objects.get()
    assert (programme.code, programme.name) == ("A1", "Border posts")
    assert programme.ends_on == date(2026, 12, 31)
    tailored = ProgrammeIndicator.objects.get()
    assert tailored.objective.statement == "Safer borders"
    plan = tailored.plan
    assert (plan.baseline, plan.baseline_on) == (Decimal(10), date(2023, 12, 31))
    assert (plan.target, plan.target_on) == (Decimal(20), date(2024, 12, 31))
    observation = Observation.objects.get()
    assert (observation.value, observation.state, observation.source) == (
        Decimal(12),
        State.SUBMITTED,
        "import",
    )
    assert "line 3" in observation.comment


def test_nobody_approves_what_they_imported(admin):
    one(admin, indicator(period("12")))
    programme = Programme.objects.get()
    make.Membership.objects.create(
        user=admin, programme=programme, role=Role.APPROVER, starts_on=date(2020, 1, 1)
    )
    with pytest.raises(PermissionDenied):
        approve_observation(observation=Observation.objects.get(), by=admin, at=AT)

    other = make.make_user(programme=programme, role=Role.APPROVER)
    approve_observation(observation=Observation.objects.get(), by=other, at=AT)
    assert Observation.objects.get().state == State.APPROVED


def test_earlier_targets_are_milestones(admin):
    periods = period(target="12") + period(target="15", since="2025-01-01", until="2025-12-31")
    one(admin, indicator(periods, baseline="10"))

    plan = ProgrammeIndicator.objects.get().plan
    assert (plan.target, plan.target_on, plan.trajectory) == (Decimal(15), date(2025, 12, 31), "milestones")
    assert [(m.due_on, m.value) for m in plan.milestones.all()] == [(date(2024, 12, 31), Decimal(12))]


def test_dimensions_are_parts_of_a_figure(admin):
    parts = (
        '<actual value="5"><dimension name="Sex" value="Women"/></actual>'
        '<actual value="7"><dimension name="Sex" value="Men"/></actual><actual value="12"/>'
    )
    outcome = one(admin, indicator(period(inner=parts), more='aggregation-status="1"'))

    assert outcome.findings == []
    cells = dict(Observation.objects.values_list("cell", "value"))
    assert cells == {"sex=Women": 5, "sex=Men": 7, "": 12}


def test_the_same_file_twice_changes_nothing(admin):
    given = activity(indicator(period("12", "20"), baseline="10"))
    take(admin, given)
    before = list(Observation.objects.values()), list(ProgrammeIndicator.objects.values())

    again = take(admin, given)

    assert again.changes_nothing
    assert (again.same, again.figures.same) == (1, 1)
    assert (list(Observation.objects.values()), list(ProgrammeIndicator.objects.values())) == before
    assert (Programme.objects.count(), IatiActivity.objects.count(), IndicatorDefinition.objects.count()) == (
        1,
        1,
        1,
    )


def test_a_year_later_the_new_figure_is_added_and_the_other_target_is_said(admin):
    take(admin, activity(indicator(period("12", "20"), baseline="10")))
    later = period("12", "20") + period("18", "30", "2025-01-01", "2025-12-31")

    outcome = take(admin, activity(indicator(later, baseline="10")))

    assert (outcome.same, outcome.figures.new, outcome.figures.same) == (1, 1, 1)
    assert {f.element for f in outcome.of(Effect.LEFT_OUT)} == {"target", "target_on"}
    assert ProgrammeIndicator.objects.get().plan.target == Decimal(20)


def test_another_figure_never_replaces_one_that_waits(admin):
    take(admin, activity(indicator(period("12"))))

    found = only(take(admin, activity(indicator(period("13")))))

    assert "waits here for a decision" in found.expected
    assert Observation.objects.get().value == 12


def test_a_share_of_two_publishers_is_two_definitions_and_of_one_is_one(admin):
    given = indicator(period("12"))
    take(admin, activity(given), activity(given, identifier="XX-1-A2"))
    assert IndicatorDefinition.objects.count() == 1
    take(admin, activity(given, identifier="YY-2-A3", organisation="YY-2"))
    assert IndicatorDefinition.objects.count() == 2


# --- Left out, with the reason -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("12254,1", "decimal point"),
        ("null", "a number such as"),
        ("Most of the posts were finished as planned.", "a number such as"),
        ("1e5", "without an exponent"),
        ("NaN", "a number such as"),
        ("9" * 20, "18 digits"),
    ],
)
@pytest.mark.parametrize("element", ["actual", "target", "baseline"])
def test_what_is_no_number_is_left_out_and_said(admin, given, expected, element):
    parts = {"actual": period(given), "target": period("12", given), "baseline": period("12")}
    baseline = given if element == "baseline" else ""

    found = only(one(admin, indicator(parts[element], baseline=baseline)))

    assert found.element == element
    assert given[:20] in found.found
    assert expected in found.expected
    assert (found.activity, found.result, found.indicator) == ("XX-1-A1", "Safer borders", "Posts that work")
    assert found.line == 3
    assert ProgrammeIndicator.objects.count() == 1


def test_days_of_the_year_9999_with_empty_values_are_left_out(admin):
    empty = (
        '<period><period-start iso-date="9999-01-01"/><period-end iso-date="9999-12-31"/><target value=""/>'
        '<actual value=""/></period>'
    )
    found = only(one(admin, indicator(period("12") + empty)))

    assert found.element == "period"
    assert "9999-01-01" in found.found
    assert "2099" in found.expected
    assert Observation.objects.count() == 1


@pytest.mark.parametrize(
    ("ascending", "baseline", "target", "expected"),
    [
        ("1", "100", "100", "no change is planned"),
        ("1", "50", "40", "target above the baseline"),
        ("0", "50", "60", "target below the baseline"),
    ],
)
def test_a_target_that_contradicts_its_baseline_is_left_out(admin, ascending, baseline, target, expected):
    given = indicator(period("45", target), ascending=f'ascending="{ascending}"', baseline=baseline)

    found = only(one(admin, given))

    assert expected in found.expected
    plan = ProgrammeIndicator.objects.get().plan
    assert (plan.baseline, plan.target) == (Decimal(baseline), None)


def test_zero_on_a_scale_may_mean_not_rated(admin):
    found = only(one(admin, indicator(period("0.000"), measure="4")))

    assert "not rated" in found.expected
    assert not Observation.objects.exists()


def test_zero_in_units_is_a_number(admin):
    assert one(admin, indicator(period("0"))).findings == []
    assert Observation.objects.get().value == 0


def test_each_row_of_a_scale_keeps_its_own_direction(admin):
    up, down = (
        indicator(period("3"), measure="4"),
        indicator(period("2"), measure="4", ascending='ascending="0"'),
    )

    found = only(one(admin, up, down), Effect.NOTED)

    assert "keeps its own direction" in found.expected
    assert set(ProgrammeIndicator.objects.values_list("version__direction", flat=True)) == {
        "ascending",
        "descending",
    }


def test_the_same_period_twice(admin):
    assert "taken once" in only(one(admin, indicator(period("12") + period("12"))), Effect.NOTED).expected
    assert Observation.objects.count() == 1


def test_two_figures_for_one_period_are_both_left_out(admin):
    outcome = one(admin, indicator(period("12") + period("13")))

    found = only(outcome)
    assert (found.found, outcome.figures.left_out) == ("12; 13", 2)
    assert not Observation.objects.exists()


def test_parts_that_do_not_add_up_are_noted_and_say_so_where_they_are_approved(admin):
    parts = (
        '<actual value="5"><dimension name="Sex" value="Women"/></actual>'
        '<actual value="7"><dimension name="Sex" value="Men"/></actual><actual value="15"/>'
    )
    found = only(one(admin, indicator(period(inner=parts), more='aggregation-status="1"')), Effect.NOTED)

    assert found.element == "dimension"
    assert found.expected in Observation.objects.get(cell="").comment


def test_a_target_for_a_part_is_left_out(admin):
    parts = '<target value="9"><dimension name="Sex" value="Women"/></target><actual value="5"/>'

    assert (
        "parts of an indicator have no targets" in only(one(admin, indicator(period(inner=parts)))).expected
    )


def test_a_period_of_no_calendar_is_left_out(admin):
    found = only(one(admin, indicator(period("12") + period("40", since="2015-03-09", until="2022-06-30"))))

    assert found.found == "2015-03-09 … 2022-06-30"
    assert ReportingPeriod.objects.count() == 1


def test_a_period_of_another_length_is_left_out(admin):
    found = only(one(admin, indicator(period("12") + period("4", since="2025-01-01", until="2025-03-31"))))

    assert "same length" in found.expected


def test_a_figure_of_the_future_is_left_out(admin):
    found = only(one(admin, indicator(period("12", since="2027-01-01", until="2027-12-31"))))

    assert "before the period begins" in found.expected


def test_a_place_that_nobody_knows_is_left_out(admin):
    inner = '<actual value="5"><location ref="QX-9"/></actual>'

    assert "reporting unit" in only(one(admin, indicator(period(inner=inner)))).expected


# --- Refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ascending": ""}, "never inferred"),
        ({"ascending": 'ascending="perhaps"'}, "never inferred"),
        ({"measure": "7"}, "1 to 5"),
        ({"title": " "}, "a title"),
    ],
)
def test_an_indicator_that_leaves_open_what_nobody_may_fill_in_is_refused(admin, given, expected):
    outcome = one(admin, indicator(period("12"), **given), indicator(period("3"), title="Another"))

    assert expected in only(outcome, Effect.REFUSED).expected
    assert (outcome.new, outcome.refused) == (1, 1)


def test_the_same_indicator_twice_in_one_activity_is_refused(admin):
    outcome = one(admin, indicator(period("12")), indicator(period("13")))

    assert "stands on line 3 already" in only(outcome, Effect.REFUSED).expected
    assert Observation.objects.get().value == 12


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"country": ""}, "a country that is a partner"),
        ({"country": '<recipient-country code="NA"/>'}, "a country that is a partner"),
        ({"dates": '<activity-date iso-date="2024-01-01" type="9"/>'}, "a first day"),
        ({"identifier": "XX-1-" + "A" * 30}, "a code for the programme"),
        ({"identifier": ""}, "an identifier"),
    ],
)
def test_an_activity_that_cannot_be_registered_is_refused_with_what_is_missing(admin, given, expected):
    outcome = one(admin, indicator(period("12")), **given)

    assert expected in only(outcome, Effect.REFUSED).expected
    assert outcome.refused == 1
    assert not Programme.objects.exists()


def test_the_country_code_na_is_namibia(admin):
    outcome = one(admin, indicator(period("12")), country='<recipient-country code="NA"/>')
    assert "NA is Namibia" in only(outcome, Effect.NOTED).expected

    make.make_partner("NAM", alpha2="NA")
    assert one(admin, indicator(period("12")), country='<recipient-country code="NA"/>').new == 1
    assert Programme.objects.get().partners.get().code == "NAM"


def test_whoever_imports_may_name_programme_and_country(admin):
    programme = make.make_programme("OLD")
    choices = read_choices(["XX-1-A1=OLD"])
    outcome = take(admin, activity(indicator(period("12"))), choices=choices)

    assert [(one.identifier, one.code) for one in outcome.activities] == [("XX-1-A1", "OLD")]
    assert "no objective of the programme's design" in only(outcome, Effect.NOTED).expected
    assert programme.indicators.count() == 1

    other = read_choices(["XX-1-A1=ELSE"])
    refused = only(take(admin, activity(indicator(period("12"))), choices=other), Effect.REFUSED)
    assert "linked with programme OLD" in refused.expected


@pytest.mark.parametrize("line", ["XX", "=A", "XX-1=", "XX-1=/"])
def test_a_choice_that_says_nothing_is_refused(line):
    with pytest.raises(ValidationError, match="identifier=CODE/COUNTRY"):
        read_choices([line])


# --- All or nothing ----------------------------------------------------------------------------------------------


def test_only_administrators_import(admin):
    with pytest.raises(PermissionDenied):
        take(make.make_user(), activity(indicator(period("12"))))


def test_strict_keeps_nothing_when_anything_is_left_out(admin):
    outcome = take(admin, activity(indicator(period("null"))), is_strict=True)

    assert not outcome.is_kept
    assert not Programme.objects.exists()


def test_the_command(admin, tmp_path, capsys):
    path = tmp_path / "a.xml"
    path.write_text(
        f'<iati-activities version="2.03">{activity(indicator(period("12,5")))}</iati-activities>'
    )

    call_command("import_iati", path, "--dry-run")
    said = capsys.readouterr()
    assert "1 new" in said.out
    assert "nothing was kept" in said.out
    assert "line 1, left_out: XX-1-A1" in said.err
    assert "12,5" in said.err
    assert not Programme.objects.exists()
    with pytest.raises(CommandError, match="nothing was kept"):
        call_command("import_iati", path, "--strict")
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("import_iati", tmp_path / "none.xml")
    call_command("import_iati", path)
    assert Programme.objects.get().code == "A1"


# --- Hostile -----------------------------------------------------------------------------------------------------

LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'
HEAD = '<iati-activities version="2.03">'


@pytest.mark.parametrize(
    "content",
    [
        f"{LAUGHS}{HEAD}&b;</iati-activities>",
        f'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>{HEAD}&x;</iati-activities>',
        f'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">{HEAD}</iati-activities>',
        f'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p">%p;]>{HEAD}</iati-activities>',
        "<iati-activities",
        "",
        "\x00",
        "<html/>",
        "<iati-activities/>",
        '<iati-activities version="1.05"/>',
        HEAD + "<a>" * 5000,
        f"{HEAD}<x>{'&#65;' * 3}</x>",
    ],
)
def test_what_is_no_iati_file_is_refused_before_anything_is_read(content):
    from indicators.exchange.iati_reading import read_content

    with pytest.raises(ValidationError, match="cannot be read"):
        read_content(content.encode(), "a.xml")


def test_an_inclusion_is_not_followed():
    given = '<iati-activity><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/></iati-activity>'

    assert file(given).activities[0].title == ""
