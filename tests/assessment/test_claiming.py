"""One row, one worker: leases, fences, attempts."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from indicators.assessment.claiming import (
    LeaseLost,
    bury_exhausted,
    claim_due,
    finish,
    give_back,
    is_anything_runnable,
    kept_lease,
    renew,
    show_progress,
)
from indicators.models import DueAssessment, Event
from tests import factories as make
from tests.assessment.cast import make_due

pytestmark = pytest.mark.django_db


def expire():
    DueAssessment.objects.filter(state="leased").update(lease_until=timezone.now() - timedelta(seconds=1))


def test_the_oldest_row_is_claimed_first_with_lease_and_fence():
    programme = make.make_programme()
    make_due(programme, request=1, due_at=make.AT)
    old = make_due(programme, due_at=make.AT - timedelta(days=1))

    due = claim_due(owner="one")

    assert due.pk == old.pk
    assert (due.state, due.owner, due.fence, due.attempts) == ("leased", "one", 1, 1)
    assert timedelta(seconds=110) < due.lease_until - timezone.now() <= timedelta(seconds=120)


def test_what_is_not_due_yet_is_left():
    make_due(make.make_programme(), due_at=timezone.now() + timedelta(hours=1))
    assert claim_due(owner="one") is None
    assert not is_anything_runnable()


def test_a_named_row_is_claimed_before_older_ones():
    programme = make.make_programme()
    make_due(programme)
    named = make_due(programme, request=1)
    assert claim_due(owner="one", due_pk=named.pk).pk == named.pk


def test_a_leased_row_is_taken_only_after_its_lease_ended():
    make_due(make.make_programme())
    first = claim_due(owner="one")
    assert claim_due(owner="two") is None
    expire()
    second = claim_due(owner="two")
    assert (second.pk, second.fence, second.attempts) == (first.pk, 2, 2)


def test_the_old_holder_can_do_nothing_any_more():
    make_due(make.make_programme())
    old = claim_due(owner="one")
    expire()
    new = claim_due(owner="two")

    assert not renew(old)
    with pytest.raises(LeaseLost):
        show_progress(old, done=1, total=2)
    with pytest.raises(LeaseLost):
        finish(old, total=1, at=make.AT)
    assert give_back(old, error="late", at=make.AT) == ""
    assert renew(new)


def test_a_worker_that_vanishes_five_times_is_not_tried_again():
    due = make_due(make.make_programme())
    for turn in range(5):
        assert claim_due(owner=f"worker {turn}") is not None
        expire()
    assert claim_due(owner="sixth") is None

    assert bury_exhausted(at=make.AT) == 1
    assert bury_exhausted(at=make.AT) == 0

    due.refresh_from_db()
    assert (due.state, due.attempts, due.last_error) == ("dead", 5, "The worker vanished each time.")
    assert Event.objects.filter(verb="gave up").count() == 1


def test_a_row_given_back_waits_longer_each_time(settings):
    settings.ASSESSMENT_RETRY_SECONDS = 100
    make_due(make.make_programme())
    waits = []
    for _turn in range(3):
        due = claim_due(owner="one")
        assert give_back(due, error="no luck", at=make.AT) == "due"
        due.refresh_from_db()
        waits.append(round((due.lease_until - timezone.now()).total_seconds(), -1))
        assert claim_due(owner="one") is None
        DueAssessment.objects.update(lease_until=None)
    assert waits == [100, 200, 400]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_at_once_each_row_goes_to_exactly_one():
    programme = make.make_programme()
    rows = {make_due(programme, request=number).pk for number in range(20)}
    start, taken = threading.Barrier(8), []

    def work():
        try:
            start.wait()
            while due := claim_due(owner=threading.current_thread().name):
                taken.append(due.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == sorted(rows)
    assert set(DueAssessment.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_the_lease_is_renewed_while_the_work_goes_on(settings):
    settings.ASSESSMENT_LEASE_SECONDS = 1
    make_due(make.make_programme())
    due = claim_due(owner="one")
    with kept_lease(due):
        time.sleep(1.6)
        assert claim_due(owner="two") is None
        assert renew(due)
