"""The history of an indicator: everything, newest first; what one may not see is not in it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from indicators.events import remember
from indicators.models import Observation, Role
from indicators.reports.indicator_parts import address_of
from tests import factories as make
from tests.assessment.cast import correct
from tests.reports.test_pages import get, queries, recent_programme, words
from tests.reports.test_statistics import SPLIT, make_series

pytestmark = pytest.mark.django_db


def history(client, user, indicator, **asked):
    client.force_login(user)
    return client.get(address_of(indicator, "history"), asked).context["history"]


def test_a_correction_says_the_old_value_and_the_new(client):
    _programme, (indicator,), _periods = recent_programme()
    correct(Observation.objects.get(indicator=indicator), numerator=45)

    (entry,) = history(client, make.make_admin(), indicator, history="corrections").entries

    assert "corrected from 30 / 60 to 45 / 60" in entry.title
    assert entry.text == "A post was counted twice."


def test_all_kinds_stand_in_one_line_newest_first(client):
    _programme, (indicator,), _periods = recent_programme(observations=3)
    correct(Observation.objects.filter(indicator=indicator).first(), numerator=45)
    admin = make.make_admin()
    remember(
        "changed",
        by=admin,
        at=timezone.now(),
        about=indicator,
        programme=indicator.programme_id,
        reason="Why.",
    )

    found = history(client, admin, indicator)

    assert {"values", "corrections", "targets", "definitions", "changes"} <= {
        one.kind for one in found.entries
    }
    assert [one.at for one in found.entries] == sorted((one.at for one in found.entries), reverse=True)


@pytest.mark.parametrize(
    ("kind", "page"),
    [("nothing", "0"), ("' or 1=1", "-3"), ("values", "99999999999"), ("", "²")],
)
def test_odd_addresses_show_a_page_and_no_fault(client, kind, page):
    _programme, (indicator,), _periods = recent_programme()
    assert history(client, make.make_admin(), indicator, history=kind, hpage=page).number >= 1


def test_a_long_history_is_turned_over_page_by_page(client):
    programme, (indicator,), periods = recent_programme(observations=0)
    for number in range(20):
        make.make_observation(indicator, periods[0], unit=make.make_unit(programme, f"U{number}"))
    admin = make.make_admin()

    first = history(client, admin, indicator, history="values")
    second = history(client, admin, indicator, history="values", hpage="2")

    assert (len(first.entries), first.has_next) == (15, True)
    assert (len(second.entries), second.has_next) == (5, False)
    assert not {one.url for one in first.entries} & {one.url for one in second.entries}


def test_small_cells_are_left_out_of_the_history_too(client):
    indicator, (period,), officer = make_series([{"": 40, "sex=f": 3, "sex=m": 37}], disaggregations=SPLIT)
    old = Observation.objects.current().get(indicator=indicator, cell="sex=f")
    Observation.objects.filter(pk=old.pk).update(state="superseded", superseded_at=make.AT)
    make.make_observation(
        indicator, period, cell="sex=f", value=Decimal(4), corrects=old, correction_reason="Two of them."
    )
    reader = make.make_user(programme=indicator.programme, role=Role.READER)

    (seen,) = history(client, officer, indicator, history="corrections").entries
    (hidden,) = history(client, reader, indicator, history="corrections").entries

    assert "corrected from 3 to 4" in seen.title
    assert "corrected from left out: few people to left out: few people" in hidden.title
    assert hidden.text == ""


def test_a_partner_viewer_reads_of_no_person_no_correction_and_no_decision(client):
    programme, (indicator,), _periods = recent_programme()
    indicator.releasable_to.set(programme.partners.all())
    correct(Observation.objects.get(indicator=indicator), numerator=45)
    remember(
        "changed",
        by=make.make_admin(),
        at=make.AT,
        about=indicator,
        programme=programme,
        reason="Inner words",
    )
    partner = make.make_user(global_role="partner_viewer", partner=programme.partners.first())

    found = history(client, partner, indicator)

    assert {one.kind for one in found.entries} <= {"values", "targets", "definitions", "designs"}
    assert not any(one.by for one in found.entries)
    assert "Inner words" not in words(get(client, partner, indicator.get_absolute_url()))
    assert "Inner words" not in words(get(client, partner, address_of(indicator, "history")))


def test_a_long_history_costs_no_more_queries(client):
    programme, (indicator,), periods = recent_programme(observations=2)
    admin = make.make_admin()
    correct(Observation.objects.filter(indicator=indicator).first(), numerator=45)
    paths = (indicator.get_absolute_url(), address_of(indicator, "history"))
    before = [queries(client, admin, path) for path in paths]
    for number in range(20):
        make.make_observation(indicator, periods[0], unit=make.make_unit(programme, f"U{number}"))
    correct(Observation.objects.current().filter(indicator=indicator, unit__isnull=True).last(), numerator=41)

    assert [queries(client, admin, path) for path in paths] == before
