"""Several targets at once, all or none: what was tried becomes agreements, or proposals where thresholds go down."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from indicators.models import Event, TargetProposal, TargetRevision
from tests import factories as make

pytestmark = pytest.mark.django_db
SAID = {"reason_code": "context", "reason": "The border crossing was closed.", "effective_on": ""}


@pytest.fixture
def scene():
    programme = make.make_programme("OWN", starts_on=date(2026, 1, 1), ends_on=date(2031, 12, 31))
    return programme, make.make_indicator(programme), make.make_indicator(programme)


def propose(client, **data):
    return client.post(reverse("targets-propose", args=["OWN"]), SAID | data)


def test_targets_are_agreed_and_lower_thresholds_wait_for_a_second_person(client, scene):
    _programme, first, second = scene
    client.force_login(make.make_admin())

    answer = propose(client, **{f"target-{first.pk}": "70", f"on_track_from-{second.pk}": "0.80"})

    assert answer.status_code == 302
    first.refresh_from_db()
    assert (first.plan.number, first.plan.target, first.plan.reason) == (2, Decimal(70), SAID["reason"])
    [waiting] = TargetProposal.objects.all()
    assert (waiting.indicator, waiting.on_track_from, waiting.state) == (second, Decimal("0.80"), "pending")
    assert set(Event.objects.values_list("verb", flat=True)) == {
        "revised a target",
        "proposed lower thresholds",
    }


def test_the_page_shows_what_holds_and_what_is_proposed(client, scene):
    _programme, first, _second = scene
    client.force_login(make.make_admin())

    page = client.get(reverse("targets-propose", args=["OWN"]), {f"target-{first.pk}": "70"}).content.decode()

    assert 'value="70"' in page
    assert "Now: 80" in page


def test_one_fault_and_nothing_is_stored(client, scene):
    _programme, first, second = scene
    client.force_login(make.make_admin())

    answer = propose(client, **{f"target-{first.pk}": "70", f"target-{second.pk}": "10"})

    assert "target 10 lies below baseline 20" in answer.content.decode()
    assert TargetRevision.objects.filter(number=2).count() == 0
    assert not Event.objects.exists()


def test_an_agreement_that_somebody_revised_meanwhile_is_not_overwritten(client, scene):
    _programme, first, _second = scene
    client.force_login(make.make_admin())
    propose(client, **{f"target-{first.pk}": "70", f"number-{first.pk}": "1"})

    answer = propose(client, **{f"target-{first.pk}": "60", f"number-{first.pk}": "1"})

    assert answer.status_code == 200
    assert first.revisions.count() == 2


@pytest.mark.parametrize("name", ["target-999999", "target-x", "weight-1", "range_low-{}", ""])
def test_what_is_no_target_of_this_programme_is_refused(client, scene, name):
    client.force_login(make.make_admin())
    data = {name.format(scene[1].pk): "5"} if name else {}

    answer = propose(client, **data)

    assert answer.status_code == 200
    assert "change at least one" in answer.content.decode()
    assert TargetRevision.objects.count() == 2


def test_without_a_reason_nothing_is_stored(client, scene):
    client.force_login(make.make_admin())

    answer = propose(client, **{f"target-{scene[1].pk}": "70", "reason": " "})

    assert answer.status_code == 200
    assert TargetRevision.objects.count() == 2
