"""Two people, or two processes, at the same moment. Real transactions on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from threading import Barrier

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from indicators import derived
from indicators.models import Event, Programme, Rollup, TargetRevision
from indicators.programmes.actions import (
    change_programme,
    ensure_periods,
    register_programme,
    revise_target,
    set_formula,
)
from tests.factories import (
    AT,
    make_admin,
    make_indicator,
    make_observation,
    make_partner,
    make_programme,
    make_quarters,
    make_version,
)

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act, times=2):
    """Do it in as many threads at the same moment; returns what each got back, or the refusal."""
    gate = Barrier(times)

    def one(number):
        try:
            gate.wait(10)
            return act(number)
        except ValidationError as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_two_revisions_at_once_one_is_told_of_the_other():
    indicator, admin = make_indicator(), make_admin()

    found = at_once(
        lambda number: revise_target(
            indicator=indicator,
            number=1,
            target=Decimal(60 + number),
            reason_code="context",
            reason="Fewer posts.",
            by=admin,
            at=AT,
        )
    )

    assert sorted(type(row).__name__ for row in found) == ["TargetRevision", "ValidationError"]
    assert TargetRevision.objects.count() == 2
    assert Event.objects.count() == 1


def test_of_two_changes_at_once_one_is_told_of_the_other():
    programme, admin = make_programme(), make_admin()

    found = at_once(
        lambda number: change_programme(
            programme=programme, version=1, name=f"Name {number}", by=admin, at=AT
        )
    )

    assert sorted(type(row).__name__ for row in found) == ["Programme", "ValidationError"]
    assert Programme.objects.get().version == 2


def test_the_same_code_registered_at_once_is_refused_once():
    admin, partner = make_admin(), make_partner()

    found = at_once(
        lambda _number: register_programme(
            code="NMI",
            name="A mission",
            summary="It advises.",
            framework="NMI",
            partners=[partner],
            starts_on=date(2024, 1, 1),
            ends_on=date(2026, 12, 31),
            by=admin,
            at=AT,
        ),
        times=4,
    )

    assert sorted(type(row).__name__ for row in found) == ["Programme"] + ["ValidationError"] * 3
    assert Programme.objects.get().designs.count() == 1


def test_periods_made_by_four_at_once_are_made_once():
    programme = make_programme()
    make_indicator(programme)

    found = at_once(
        lambda _number: ensure_periods(programme=programme, until=date(2026, 12, 31), at=AT), times=4
    )

    assert sum(found) == 12
    assert programme.periods.count() == 12


@pytest.mark.parametrize("round_", range(2))
def test_two_sources_and_the_target_of_their_formula_changed_at_once_all_count(round_):
    programme, admin = make_programme(), make_admin()
    period = make_quarters(programme)[6]
    one, two, joined = (make_indicator(programme, version=make_version(f"AA-{n}")) for n in range(3))
    parts = [f"([AA-0].{part} + [AA-1].{part})" for part in ("numerator", "denominator")]
    set_formula(indicator=joined, formula=" / ".join(parts), by=admin, at=AT, reason="One figure.")

    def act(number):
        if number == 2:
            return revise_target(
                indicator=joined, number=1, target=Decimal(60), reason_code="context", reason="Fewer posts.",
                by=admin, at=AT,
            )  # fmt: skip
        with transaction.atomic():
            source = (one, two)[number]
            make_observation(source, period)
            return derived.refresh([(source.pk, period.pk)], at=AT)

    at_once(act, times=3)

    assert Rollup.objects.get(indicator=joined).denominator == 120
    assert list(derived.differences()) == []
