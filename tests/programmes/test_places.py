"""Reporting units, courses and runs."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from indicators.models import Course, CourseRun, Event, IndicatorStatus, ReportingUnit
from indicators.programmes.actions import ensure_periods, save_course, save_run, save_unit
from tests.factories import (
    AT,
    make_admin,
    make_indicator,
    make_observation,
    make_partner,
    make_programme,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def unit(programme, admin, code, kind, parent=None, **given):
    return save_unit(
        programme=programme, code=code, name=code, kind=kind, parent=parent, by=admin, at=AT, **given
    )


def test_a_tree_of_country_institution_site_takes_its_country_from_above():
    programme, admin = make_programme(), make_admin()

    country = unit(programme, admin, "IRQ", "country", partner=make_partner())
    ministry = unit(programme, admin, "MOI", "institution", country)
    post = unit(programme, admin, "POST1", "site", ministry)

    assert post.partner == make_partner()
    assert Event.objects.filter(verb="added a reporting unit").count() == 3


@pytest.mark.parametrize(
    ("kind", "above"), [("country", "institution"), ("institution", "site"), ("site", "course")]
)
def test_the_order_of_kinds_is_kept(kind, above):
    programme, admin = make_programme(), make_admin()
    parent = make_unit(programme, kind=above)

    with pytest.raises(ValidationError) as caught:
        unit(programme, admin, "X1", kind, parent)

    assert "expected country, then institution" in caught.value.message_dict["parent"][0]
    assert ReportingUnit.objects.count() == 1


def test_units_never_form_a_circle():
    programme, admin = make_programme(), make_admin()
    above = unit(programme, admin, "A", "institution")
    below = unit(programme, admin, "B", "institution", above)

    with pytest.raises(ValidationError, match="circle"):
        unit(programme, admin, "A", "institution", below, unit=above)


def test_a_parent_of_another_programme_is_refused():
    programme, admin = make_programme(), make_admin()
    stranger = make_unit(make_programme(), kind="country")

    with pytest.raises(ValidationError) as caught:
        unit(programme, admin, "A", "institution", stranger)

    assert "parent" in caught.value.message_dict


def test_a_country_that_is_no_partner_is_refused():
    with pytest.raises(ValidationError, match="not a partner"):
        unit(make_programme(), make_admin(), "KWT", "country", partner=make_partner("KWT"))


def test_a_part_lies_in_the_country_of_the_whole():
    programme, admin = make_programme(partners=[make_partner("IRQ"), make_partner("KWT")]), make_admin()
    country = unit(programme, admin, "IRQ", "country", partner=make_partner("IRQ"))

    with pytest.raises(ValidationError, match="lies in Country IRQ"):
        unit(programme, admin, "MOI", "institution", country, partner=make_partner("KWT"))


def test_the_same_unit_code_twice_is_refused():
    programme, admin = make_programme(), make_admin()
    unit(programme, admin, "A", "site")

    with pytest.raises(ValidationError, match="already in use"):
        unit(programme, admin, "A", "site")


def test_a_unit_that_stops_reporting_is_no_longer_expected():
    programme, admin = make_programme(), make_admin()
    units = [make_unit(programme), make_unit(programme)]
    indicator = make_indicator(programme, units=units)
    ensure_periods(programme=programme, until=date(2025, 9, 30), at=AT)
    make_observation(indicator, programme.periods.last(), unit=units[0])

    unit(programme, admin, units[1].code, "site", unit=units[1], is_active=False)

    assert indicator.rollups.get().expected == 1
    assert IndicatorStatus.objects.filter(indicator=indicator).exists()


def test_only_administrators_shape_the_tree():
    programme = make_programme()

    with pytest.raises(PermissionDenied):
        unit(programme, make_user(programme=programme), "A", "site")

    assert not ReportingUnit.objects.exists()


# --- Courses -----------------------------------------------------------------------------------------------


def make_course(programme, admin):
    return save_course(programme=programme, code="CYB", title="Cyber basics", topic="cyber", by=admin, at=AT)


def run(course, admin, code="CYB-01", **given):
    dates = {"starts_on": date(2025, 3, 2), "ends_on": date(2025, 3, 13), "seats": 24}
    return save_run(course=course, code=code, by=admin, at=AT, **(dates | given))


def test_a_run_brings_its_unit_and_its_period():
    programme, admin = make_programme(), make_admin()

    made = run(make_course(programme, admin), admin)

    assert (made.unit.kind, made.unit.code) == ("course", "CYB-01")
    period = made.periods.get()
    assert (period.frequency, period.starts_on, period.due_on) == (
        "per_course",
        date(2025, 3, 2),
        date(2025, 3, 28),
    )


def test_a_run_that_ends_before_it_starts_leaves_nothing_behind():
    programme, admin = make_programme(), make_admin()
    course = make_course(programme, admin)

    with pytest.raises(ValidationError) as caught:
        run(course, admin, ends_on=date(2025, 3, 1))

    assert "ends_on" in caught.value.message_dict
    assert not CourseRun.objects.exists()
    assert not ReportingUnit.objects.exists()


def test_a_moved_run_moves_its_period_until_figures_are_stored():
    programme, admin = make_programme(), make_admin()
    course = make_course(programme, admin)
    made = run(course, admin)
    run(course, admin, run=made, starts_on=date(2025, 3, 3))
    assert made.periods.get().starts_on == date(2025, 3, 3)
    make_observation(make_indicator(programme, frequency="per_course"), made.periods.get())

    with pytest.raises(ValidationError, match="already stored"):
        run(course, admin, run=made, starts_on=date(2025, 3, 4))


def test_the_same_run_code_twice_is_refused():
    programme, admin = make_programme(), make_admin()
    course = make_course(programme, admin)
    run(course, admin)

    with pytest.raises(ValidationError, match="already in use"):
        run(course, admin)

    assert CourseRun.objects.count() == 1


def test_a_run_made_elsewhere_gets_its_period_once():
    programme = make_programme()
    course = Course.objects.create(programme=programme, code="CYB", title="Cyber basics", topic="cyber")
    CourseRun.objects.create(
        course=course, code="1", starts_on=date(2025, 3, 2), ends_on=date(2025, 3, 13), seats=24
    )

    first = ensure_periods(programme=programme, until=date(2025, 12, 31), at=AT)
    second = ensure_periods(programme=programme, until=date(2025, 12, 31), at=AT)

    assert (first, second) == (1, 0)
