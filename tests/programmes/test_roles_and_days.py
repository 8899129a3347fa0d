"""Roles begin and end at once wherever the programme is, also when its day is already another one than UTC's."""

from datetime import UTC, datetime, timedelta

import pytest

from indicators.models import Role
from indicators.permissions import roles_in
from indicators.programmes.actions import add_member, end_membership
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Asia/Baghdad", "UTC", "Pacific/Pago_Pago"])
def test_a_role_counts_from_the_moment_it_is_given_and_ends_at_once(zone):
    admin, programme, person = make.make_admin(), make.make_programme(time_zone=zone), make.make_user()
    now = datetime.now(UTC)

    given = add_member(
        programme=programme,
        user=person,
        role=Role.OFFICER,
        by=admin,
        at=now,
        starts_on=now.date() - timedelta(days=9),
    )
    assert roles_in(person, programme) == {Role.OFFICER}
    end_membership(membership=given, by=admin, at=now)
    assert roles_in(person, programme) == set()


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_a_role_without_a_first_day_counts_at_once(zone):
    admin, programme, person = make.make_admin(), make.make_programme(time_zone=zone), make.make_user()

    add_member(programme=programme, user=person, role=Role.OFFICER, by=admin, at=datetime.now(UTC))

    assert roles_in(person, programme) == {Role.OFFICER}
