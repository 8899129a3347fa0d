"""Files of others taken over by two people at the same moment: each thing once, and nobody is met by an error."""

import threading

import pytest
from django.db import connection, connections

from indicators.exchange.iati_importing import import_file
from indicators.models import Event, IatiActivity, Observation, Programme, ProgrammeIndicator
from tests import factories as make
from tests.exchange.scenes import AT, activity, file, indicator, period

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admins():
    make.make_partner("IRQ", alpha2="IQ")
    return [make.make_admin("first"), make.make_admin("second")]


def at_once(*acts):
    """Each in a thread with a connection of its own, all let go together; what they answered or raised."""
    gate, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        try:
            connection.ensure_connection()
            gate.wait(20)
            found[number] = act()
        except BaseException as refusal:
            found[number] = refusal
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=one) for one in enumerate(acts)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
        assert not one.is_alive()
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


def taking(by, *indicators, **given):
    content = file(activity(*indicators))
    return lambda: import_file(file=content, by=by, at=AT, **given)


GOOD = indicator(period("12", "20"), baseline="10")
OTHER = indicator(period("7", "9"), title="Posts with radio", baseline="3")


@pytest.mark.parametrize("turn", range(2))
def test_the_same_file_twice_at_once_is_taken_over_once(admins, turn):
    first, second = at_once(taking(admins[0], GOOD), taking(admins[1], GOOD))

    assert sorted((first.new, second.new)) == [0, 1]
    assert sorted((first.same, second.same)) == [0, 1]
    assert sorted((first.figures.new, second.figures.new)) == [0, 1]
    assert Programme.objects.count() == IatiActivity.objects.count() == 1
    assert ProgrammeIndicator.objects.count() == Observation.objects.count() == 1
    assert Event.objects.filter(verb="imported an IATI file").count() == 1


@pytest.mark.parametrize("turn", range(2))
def test_two_files_for_one_programme_at_once_are_both_taken_over(admins, turn):
    first, second = at_once(taking(admins[0], GOOD), taking(admins[1], OTHER))

    assert (first.new, second.new) == (1, 1)
    assert (first.figures.new, second.figures.new) == (1, 1)
    assert Programme.objects.count() == IatiActivity.objects.count() == 1
    assert sorted(str(one) for one in Observation.objects.values_list("value", flat=True)) == [
        "12.000000", "7.000000",
    ]  # fmt: skip


def test_different_figures_for_one_place_at_once_meet_as_a_figure_and_what_is_left_out_or_corrected(admins):
    other = indicator(period("13", "20"), baseline="10")
    first, second = at_once(taking(admins[0], GOOD), taking(admins[1], other))

    assert sorted((first.new, second.new)) == [0, 1]
    assert Observation.objects.exclude(state="superseded").count() == 1
    assert len(first.findings) + len(second.findings) == 1


def test_a_dry_run_beside_a_file_that_is_taken_over_keeps_nothing(admins):
    dry, kept = at_once(taking(admins[0], OTHER, dry_run=True), taking(admins[1], GOOD))

    assert (dry.is_kept, kept.is_kept) == (False, True)
    assert ProgrammeIndicator.objects.count() == Observation.objects.count() == 1
