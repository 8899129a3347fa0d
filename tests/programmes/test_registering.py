"""Registering and changing a programme, and its members."""

from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from indicators.models import Event, Membership, Programme, ReportingPeriod
from indicators.programmes.actions import (
    add_member,
    change_programme,
    end_membership,
    ensure_periods,
    register_programme,
)
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


def register(**given):
    defaults = {
        "code": "NMI-X",
        "name": "A mission",
        "summary": "It advises.",
        "framework": "NMI",
        "partners": [make_partner()],
        "starts_on": date(2024, 1, 1),
        "ends_on": date(2026, 12, 31),
        "time_zone": "Asia/Baghdad",
        "at": AT,
    }
    return register_programme(**(defaults | given))


def errors_of(caught):
    return caught.value.message_dict


def test_a_new_programme_has_a_draft_and_a_schedule():
    admin = make_admin()

    programme = register(by=admin)

    assert [(d.number, d.state) for d in programme.designs.all()] == [(1, "draft")]
    assert programme.schedule.follow_up_months == [0, 6, 12, 24]
    assert Event.objects.filter(verb="registered", about_id=programme.pk, by_id=admin.pk).count() == 1


def test_only_an_administrator_registers():
    with pytest.raises(PermissionDenied):
        register(by=make_user())

    assert not Programme.objects.exists()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("code", "nmi 1"),
        ("code", ""),
        ("framework", "XYZ"),
        ("time_zone", "Bagdad"),
        ("name", ""),
        ("partners", []),
    ],
)
def test_nonsense_names_its_field_and_leaves_nothing_behind(field, given):
    with pytest.raises(ValidationError) as caught:
        register(by=make_admin(), **{field: given})

    assert field in errors_of(caught)
    assert not Programme.objects.exists()
    assert not Event.objects.exists()


def test_a_programme_that_ends_before_it_starts_is_refused():
    with pytest.raises(ValidationError, match="end after it starts"):
        register(by=make_admin(), ends_on=date(2023, 1, 1))


def test_the_same_code_twice_is_refused():
    admin = make_admin()
    register(by=admin)

    with pytest.raises(ValidationError) as caught:
        register(by=admin)

    assert "NMI-X" in errors_of(caught)["code"][0]
    assert Programme.objects.count() == 1


def test_a_change_counts_the_version_and_says_what_was_before():
    programme, admin = make_programme(), make_admin()

    changed = change_programme(programme=programme, version=1, name="Another name", by=admin, at=AT)

    assert changed.version == 2
    event = Event.objects.get(verb="changed")
    assert (event.before, event.after) == ({"name": "A programme"}, {"name": "Another name", "version": 2})


def test_a_stale_change_says_who_changed_what():
    programme, first, second = make_programme(), make_admin("amal"), make_admin("basim")
    change_programme(programme=programme, version=1, name="Another name", by=first, at=AT)

    with pytest.raises(ValidationError, match="Amal changed name"):
        change_programme(programme=programme, version=1, summary="Mine.", by=second, at=AT)

    programme.refresh_from_db()
    assert (programme.name, programme.summary) == ("Another name", "What it is about.")


def test_a_partner_with_units_stays():
    programme, admin = make_programme(), make_admin()
    make_unit(programme, partner=make_partner("IRQ"))

    with pytest.raises(ValidationError, match="Country IRQ cannot be taken out"):
        change_programme(programme=programme, version=1, partners=[make_partner("KWT")], by=admin, at=AT)

    assert [p.code for p in programme.partners.all()] == ["IRQ"]


def test_another_reporting_year_is_refused_once_figures_are_stored():
    programme, admin = make_programme(), make_admin()
    indicator = make_indicator(programme)
    ensure_periods(programme=programme, until=date(2025, 12, 31), at=AT)
    make_observation(indicator, programme.periods.first())

    with pytest.raises(ValidationError) as caught:
        change_programme(programme=programme, version=1, fiscal_year_start_month=4, by=admin, at=AT)

    assert "fiscal_year_start_month" in errors_of(caught)


def test_more_days_to_report_move_only_what_is_not_due_yet():
    programme, admin = make_programme(), make_admin()
    make_indicator(programme)
    ensure_periods(programme=programme, until=date(2025, 12, 31), at=AT)

    change_programme(programme=programme, version=1, grace_days=20, by=admin, at=AT)

    last = programme.periods.get(label="2025 Q4")
    assert last.due_on - last.ends_on == timedelta(days=20)
    third = programme.periods.get(label="2025 Q3")
    assert third.due_on - third.ends_on == timedelta(days=15)


def test_periods_are_made_once_and_stop_with_the_programme():
    programme = make_programme(starts_on=date(2025, 2, 1), ends_on=date(2025, 9, 30))
    make_indicator(programme)

    first = ensure_periods(programme=programme, until=date(2030, 1, 1), at=AT)
    second = ensure_periods(programme=programme, until=date(2030, 1, 1), at=AT)

    assert (first, second) == (3, 0)
    labels = ReportingPeriod.objects.order_by("starts_on").values_list("label", flat=True)
    assert list(labels) == ["2025 Q1", "2025 Q2", "2025 Q3"]


def test_periods_follow_the_fiscal_year():
    programme = make_programme(fiscal_year_start_month=4)
    make_indicator(programme, frequency="annual")

    ensure_periods(programme=programme, until=date(2025, 1, 1), at=AT)

    assert list(programme.periods.values_list("starts_on", flat=True)) == [date(2023, 4, 1), date(2024, 4, 1)]


def test_a_programme_without_indicators_needs_no_periods():
    assert ensure_periods(programme=make_programme(), until=date(2026, 1, 1), at=AT) == 0


def test_what_happens_when_it_happens_is_filed_by_month_and_never_due():
    programme = make_programme()
    make_indicator(programme, frequency="event")

    assert ensure_periods(programme=programme, until=date(2024, 3, 31), at=AT) == 3


# --- Members -----------------------------------------------------------------------------------------------


def test_a_role_is_given_and_ended():
    programme, admin, person = make_programme(), make_admin(), make_user()

    membership = add_member(programme=programme, user=person, role="officer", by=admin, at=AT)
    end_membership(membership=membership, ends_on=date(2025, 12, 31), by=admin, at=AT)

    membership.refresh_from_db()
    assert membership.ends_on == date(2025, 12, 31)
    assert set(Event.objects.values_list("verb", flat=True)) == {"gave a role", "ended a role"}


def test_the_same_role_twice_is_refused():
    programme, admin, person = make_programme(), make_admin(), make_user()
    add_member(programme=programme, user=person, role="officer", by=admin, at=AT)

    with pytest.raises(ValidationError, match="already has this role"):
        add_member(programme=programme, user=person, role="officer", by=admin, at=AT)

    assert Membership.objects.count() == 1


def test_an_ended_membership_is_taken_up_again():
    programme, admin = make_programme(), make_admin()
    person = make_user(programme=programme, role="officer")
    membership = person.memberships.get()
    end_membership(membership=membership, ends_on=date(2024, 1, 1), by=admin, at=AT)

    add_member(programme=programme, user=person, role="officer", by=admin, at=AT)

    assert person.memberships.get().ends_on is None


def test_nobody_evaluates_where_they_work():
    programme, admin = make_programme(), make_admin()
    officer = make_user(programme=programme, role="officer")

    with pytest.raises(ValidationError, match="never both at once"):
        add_member(programme=programme, user=officer, role="evaluator", by=admin, at=AT)


def test_a_partner_viewer_is_no_member():
    viewer = make_user(global_role="partner_viewer", partner=make_partner())

    with pytest.raises(ValidationError, match="partner nation"):
        add_member(programme=make_programme(), user=viewer, role="reader", by=make_admin(), at=AT)


def test_ending_at_once_closes_access_today():
    programme, admin = make_programme(), make_admin()
    person = make_user(programme=programme, role="officer")

    end_membership(membership=person.memberships.get(), by=admin, at=AT)

    assert person.memberships.get().ends_on == date(2025, 10, 19)


def test_a_membership_that_began_today_is_withdrawn():
    programme, admin, person = make_programme(), make_admin(), make_user()
    membership = add_member(programme=programme, user=person, role="officer", by=admin, at=AT)

    end_membership(membership=membership, by=admin, at=AT)

    assert not Membership.objects.exists()
    assert Event.objects.filter(verb="withdrew a role").exists()


def test_only_administrators_give_roles():
    programme = make_programme()
    officer = make_user(programme=programme)

    with pytest.raises(PermissionDenied):
        add_member(programme=programme, user=make_user(), role="officer", by=officer, at=AT)
