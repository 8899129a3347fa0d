"""What changed since the last look: net, per programme, and only of what one sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from indicators.models import IndicatorStatus, LastLook, Role, StatusChange
from indicators.reports import looks, news, overview
from tests import factories as make
from tests.reports.test_pages import get, recent_programme, with_transaction, words
from tests.world import make_world

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def age(by, **which):
    """Move the log into the past, as if it had been written then."""
    for one in StatusChange.objects.filter(**which):
        one.at -= by
        one.save(update_fields=["at"])


def moved(code="NOW"):
    """An indicator that was off track for forty days and has just come on track."""
    programme, (indicator,), periods = recent_programme(code)
    IndicatorStatus.objects.filter(indicator=indicator).update(status="off_track")
    age(40 * DAY, indicator=indicator)
    with_transaction([(indicator.pk, period.pk) for period in periods])
    assert indicator_status(indicator) == "on_track"
    return programme, indicator


def indicator_status(indicator):
    return IndicatorStatus.objects.get(indicator=indicator).status


def news_of(user, given=None, since=""):
    at = timezone.now()
    view = overview.load(user, given or {})
    when = looks.since_of(user, view.pks, at=at, chosen=since)
    return news.load(user, view, when, [], at=at)


def test_the_database_logs_each_status_once():
    _programme, (indicator,), periods = recent_programme()
    assert [(one.before, one.after) for one in StatusChange.objects.all()] == [
        ("", indicator_status(indicator))
    ]
    with_transaction([(indicator.pk, period.pk) for period in periods])
    assert StatusChange.objects.count() == 1


def test_a_status_that_changed_says_from_where_to_where_and_of_which_period():
    _programme, indicator = moved()

    (move,) = news_of(make.make_admin()).moves

    assert (move.indicator, move.before, move.after) == (indicator, "off_track", indicator_status(indicator))
    assert move.after == "on_track"
    assert move.period == indicator.programme.periods.order_by("-ends_on").first().label


def test_what_moved_there_and_back_is_no_news():
    _programme, indicator = moved()
    IndicatorStatus.objects.filter(indicator=indicator).update(status="off_track")
    assert news_of(make.make_admin()).moves == []
    assert StatusChange.objects.filter(indicator=indicator).count() == 4


def test_data_that_went_stale_since_are_news_though_nobody_stored_anything():
    _programme, (indicator,), _periods = recent_programme()
    age(40 * DAY)
    today = timezone.localdate()
    IndicatorStatus.objects.filter(indicator=indicator).update(status="on_track")
    age(40 * DAY, before="off_track")
    IndicatorStatus.objects.filter(indicator=indicator).update(stale_from=today - 3 * DAY)

    (move,) = news_of(make.make_admin()).moves
    assert (move.before, move.after) == ("on_track", "not_reporting")
    assert news_of(make.make_admin("later"), since=str(today - DAY)).moves == []


def test_before_the_log_the_last_assessment_says_what_was_known():
    world = make_world()
    verdict = world.own.run.verdicts.filter(course_run=None, status__gt="").first()
    if verdict is None:
        verdict = world.own.run.verdicts.first()
    IndicatorStatus.objects.filter(indicator=verdict.indicator).delete()
    programme = world.own.programme
    IndicatorStatus.objects.create(
        indicator=verdict.indicator, as_of=timezone.localdate(), status="monitored", trend="insufficient",
        judgement={}, input_hash="x", method_version="1", computed_at=timezone.now(),
    )  # fmt: skip

    found = news_of(world.people["admin"], since=str(world.own.run.as_of))

    moves = [one for one in found.moves if one.indicator == verdict.indicator]
    assert [(one.before, one.known_from) for one in moves] == [(verdict.status, world.own.run.label)]
    assert programme.code in {one.programme.code for one in found.programmes}


def test_a_new_assessment_is_news_since_it_was_finished():
    world = make_world()
    (mine,) = [one for one in news_of(world.people["officer"]).programmes if one.runs]
    assert world.own.run in mine.runs


def test_nobody_hears_of_what_they_do_not_see():
    moved("SEEN")
    stranger = make.make_user(programme=make.make_programme("ELSE"), role=Role.READER)
    assert news_of(stranger).programmes == []
    programme, indicator = moved("PART")
    partner = make.make_partner()
    programme.partners.add(partner)
    viewer = make.make_user(global_role="partner_viewer", partner=partner)
    assert news_of(viewer).moves == []
    indicator.releasable_to.add(partner)
    assert [one.indicator for one in news_of(viewer).moves] == [indicator]


def test_a_days_visits_are_one_look(client):
    programme, _indicator = moved()
    admin = make.make_admin()
    assert "You have not looked here before" in words(get(client, admin, "/portfolio/"))
    first = LastLook.objects.get(person=admin, programme=programme)
    assert first.before_at is None

    first.looked_on -= DAY
    first.looked_at -= DAY
    first.save()
    page = words(get(client, admin, "/portfolio/"))
    assert "1 status changed" in page
    assert words(get(client, admin, "/portfolio/")).count("1 status changed") == page.count(
        "1 status changed"
    )
    assert LastLook.objects.get(person=admin).before_at == first.looked_at

    get(client, make.make_admin("other"), "/portfolio/")
    assert LastLook.objects.filter(person=admin).count() == 1


def test_looking_at_one_programme_is_no_look_at_another(client):
    one, _indicator = moved("ONE")
    moved("TWO")
    admin = make.make_admin()
    get(client, admin, "/portfolio/?programme=ONE")
    assert [look.programme for look in LastLook.objects.filter(person=admin)] == [one]


def test_a_quiet_time_takes_one_line(client):
    recent_programme()
    age(40 * DAY)
    page = words(get(client, make.make_admin(), "/portfolio/"))
    assert "Nothing changed" in page


@pytest.mark.parametrize(
    ("since", "said"),
    [("yesterday", "is no date"), ("2999-01-01", "lies ahead"), ("0001-01-01", "Expected a date from")],
)
def test_a_day_that_is_none_is_told(client, since, said):
    recent_programme()
    assert said in words(get(client, make.make_admin(), f"/portfolio/?since={since}"))


def test_the_address_may_say_since_when(client):
    moved()
    admin = make.make_admin()
    get(client, admin, "/portfolio/")
    today = timezone.localdate()
    page = get(client, admin, f"/portfolio/?since={today - 5 * DAY}")
    assert "1 status changed" in words(page)
    assert f"since={today - 5 * DAY}" in page


def began_to_report(indicators):
    """So many that were silent for forty days and are off track now."""
    programme, found, _periods = recent_programme("MANY", indicators=indicators)
    IndicatorStatus.objects.all().update(status="not_reporting")
    StatusChange.objects.update(at=timezone.now() - 40 * DAY)
    IndicatorStatus.objects.all().update(status="off_track", stale_from=None)
    return programme, found


def test_at_a_first_look_who_began_to_report_is_a_count(client):
    began_to_report(3)
    admin = make.make_admin()
    page = words(get(client, admin, "/portfolio/"))
    assert "3 statuses changed" in page
    assert "Indicators that began to report: Off track 3" in page
    assert "All 3 changes, programme by programme" in page
    assert "Not reporting to Off track" in words(get(client, admin, "/portfolio/changes/"))
    assert (
        words(get(client, admin, f"/region/?since={timezone.localdate() - DAY}")).count(
            "Not reporting to Off track"
        )
        == 3
    )


def test_the_page_shows_the_first_and_its_link_opens_all_page_by_page(client):
    _programme, found = began_to_report(45)
    critical = found[30]
    critical.is_critical = True
    critical.save(update_fields=["is_critical"])
    admin = make.make_admin()
    since = f"?since={timezone.localdate() - DAY}"

    page = get(client, admin, f"/portfolio/{since}")
    assert page.count('class="news-move"') == news.MOST_MOVES
    assert page.index(critical.get_absolute_url()) < page.index(found[0].get_absolute_url())
    assert f'hx-get="/portfolio/changes/{since}"' in page

    whole = get(client, admin, f"/portfolio/changes/{since}")
    rest = get(client, admin, f"/portfolio/changes/{since}&page=2")
    assert (whole.count('class="news-move"'), rest.count('class="news-move"')) == (40, 5)
    assert "45 statuses" in words(whole)
    assert f'rel="next" href="/portfolio/changes/{since}&page=2"' in whole

    in_place = client.get(f"/portfolio/changes/{since}", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in in_place
    assert in_place.count('class="news-move"') == 40
    assert 'hx-get="/portfolio/changes/' in in_place
