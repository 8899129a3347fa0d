"""Filters in the address, what is worst and late, multiples, map and brief: what they show, to whom, at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.assessment.adjusting import report_action
from indicators.models import (
    Alert,
    AssessmentRun,
    DueAssessment,
    IndicatorStatus,
    Objective,
    Role,
    StatusChange,
    Verdict,
)
from indicators.reports import multiples, overview, overview_parts, partner_map
from indicators.reports.brief import MOST_LINES, brief_of
from tests import factories as make
from tests.assessment.evaluations import answer, make_run, move, sign, start
from tests.reports.test_exports import read_csv
from tests.reports.test_pages import get, recent_programme, words

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
PAGES = ("/portfolio/", "/region/", "/region/brief/")
PARTS = tuple(f"/portfolio/{part}/" for part in overview_parts.PARTS)


def two_programmes():
    """NMI with Iraq and MD with Jordan, one indicator each."""
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR", framework="MD")
    one, (mine,), _periods = recent_programme("ONE")
    two, (other,), _periods = recent_programme("TWO")
    one.partners.set([iraq])
    two.partners.set([jordan])
    one.framework, two.framework = "NMI", "MD"
    one.save()
    two.save()
    return one, two, mine, other


def found(user, **given):
    view = overview.load(user, given)
    return [one.code for one in view.programmes], [one.indicator for one in view.found]


class TestFilters:
    def test_each_filter_narrows_programmes_and_indicators(self):
        one, _two, mine, other = two_programmes()
        organisation = one.organisations.create(code="EU", name="European Union", kind="alliance")
        admin = make.make_admin()
        for given in (
            {"framework": "NMI"},
            {"country": "IRQ"},
            {"programme": "ONE"},
            {"organisation": organisation.code},
        ):
            assert found(admin, **given) == (["ONE"], [mine.pk]), given
        assert found(admin) == (["ONE", "TWO"], [mine.pk, other.pk])
        assert found(admin, framework="MD", country="IRQ") == ([], [])

    def test_a_country_shows_its_own_indicators_and_those_of_all(self):
        one, _two, mine, _other = two_programmes()
        kuwait = make.make_partner("KWT")
        one.partners.add(kuwait)
        theirs = make.make_indicator(one, partner=kuwait)
        codes, pks = found(make.make_admin(), country="IRQ")
        assert (codes, pks) == (["ONE"], [mine.pk])
        assert set(found(make.make_admin("b"), country="KWT")[1]) == {mine.pk, theirs.pk}

    def test_topic_and_level_are_those_of_the_library(self):
        _one, two, _mine, _other = two_programmes()
        version = make.make_version(name="Youth", result_area="Youth", result_level="outcome")
        young = make.make_indicator(two, version=version)
        admin = make.make_admin()
        assert found(admin, topic="Youth") == (["TWO"], [young.pk])
        assert young.pk in found(admin, level="outcome")[1]
        assert found(admin, topic="Youth", level="impact")[1] == []

    def test_an_objective_is_found_by_words_and_by_code(self):
        _one, two, _mine, other = two_programmes()
        objective = Objective.objects.create(
            design=two.designs.get(), code="OC7", level="outcome", statement="Borders are watched."
        )
        other.objective = objective
        other.save(update_fields=["objective"])
        admin = make.make_admin()
        for words_ in ("borders", "OC7", "oc7"):
            assert found(admin, objective=words_) == (["TWO"], [other.pk])
        assert found(admin, objective="50% of_them")[1] == []

    def test_a_status_is_the_one_of_today(self):
        _one, _two, mine, other = two_programmes()
        IndicatorStatus.objects.filter(indicator=mine).update(status="off_track", stale_from=None)
        IndicatorStatus.objects.filter(indicator=other).update(
            status="off_track", stale_from=timezone.localdate() - DAY
        )
        admin = make.make_admin()
        assert found(admin, status="off_track") == (["ONE"], [mine.pk])
        assert found(admin, status="not_reporting") == (["TWO"], [other.pk])

    @pytest.mark.parametrize("path", PAGES)
    def test_an_unknown_value_is_told_and_finds_nothing(self, client, path):
        two_programmes()
        page = words(get(client, make.make_admin(), f"{path}?country=XYZ"))
        assert "Country: “XYZ” is not there in what you may see" in page
        assert "No programme fits" in page or "No programme that you may see fits." in page

    def test_an_unknown_filter_is_told_and_left_out(self, client):
        two_programmes()
        page = words(get(client, make.make_admin(), "/portfolio/?contry=IRQ"))
        assert "“contry” is no filter here and was left out" in page
        assert "2 programmes" in page

    @pytest.mark.parametrize("path", PAGES)
    @pytest.mark.parametrize("odd", ["x" * 5000, "'; drop", "%F0%9F%92%A9", "%25_", "\\"])
    def test_odd_values_do_no_harm(self, client, path, odd):
        two_programmes()
        admin = make.make_admin()
        for name in ("framework", "objective", "status", "topic", "since"):
            get(client, admin, f"{path}?{name}={odd}")

    def test_chips_name_each_filter_and_take_it_away(self, client):
        two_programmes()
        page = get(client, make.make_admin(), "/portfolio/?framework=NMI&country=IRQ&since=2026-01-01")
        assert 'href="/portfolio/?country=IRQ&since=2026-01-01"' in page
        assert 'href="/portfolio/?framework=NMI&since=2026-01-01"' in page
        assert "Clear all" in page
        assert "Shown only" not in get(client, make.make_admin("b"), "/portfolio/")

    def test_a_choice_offers_only_what_one_sees(self, client):
        one, _two, _mine, _other = two_programmes()
        reader = make.make_user(programme=one, role=Role.READER)
        page = get(client, reader, "/portfolio/")
        assert 'value="IRQ"' in page
        assert 'value="JOR"' not in page
        assert "is not there in what you may see" in words(get(client, reader, "/portfolio/?programme=TWO"))

    @pytest.mark.parametrize("name", ["portfolio", "region", "portfolio-indicators", "portfolio-changes"])
    def test_a_file_holds_what_the_page_shows(self, client, name):
        _one, _two, mine, _other = two_programmes()
        client.force_login(make.make_admin())
        rows = read_csv(client.get(f"/export/{name}/all.csv?programme=ONE").content)[1:]
        text = " ".join(cell for row in rows for cell in row)
        assert "TWO" not in text
        if name == "portfolio-indicators":
            assert [row[1] for row in rows] == [mine.definition.code]
        assert client.get(f"/export/{name}/all.xlsx?programme=NONE").status_code == 200


class TestAttention:
    def test_the_worst_critical_come_first_and_lead_to_their_place(self, client):
        one, _two, mine, other = two_programmes()
        third = make.make_indicator(one)
        for indicator, status in ((mine, "at_risk"), (other, "off_track")):
            indicator.is_critical = True
            indicator.save(update_fields=["is_critical"])
            IndicatorStatus.objects.filter(indicator=indicator).update(status=status, stale_from=None)
        admin = make.make_admin()
        view = overview.load(admin, {})
        needs = overview.in_need(view.found)
        assert [row.about for row in overview.worst_of(admin, needs["critical"]).rows] == [other, mine]
        assert [one.indicator for one in needs["silent"]] == [third.pk]
        page = get(client, admin, "/portfolio/")
        assert page.index(other.get_absolute_url()) < page.index(mine.get_absolute_url())

    def test_a_response_is_overdue_from_the_day_after_until_it_is_given(self):
        run = make_run("OWN")
        signed = sign(start(run, make.make_user(programme=run.programme, role=Role.EVALUATOR)))
        move(signed, "response_due")
        signed.refresh_from_db()
        admin, pks = make.make_admin(), [run.programme_id]
        viewer = make.make_user(global_role="partner_viewer", partner=run.programme.partners.first())

        def late(user, day):
            return [one.waits_for for one in overview.overdue_responses(user, pks, day)]

        assert late(admin, signed.response_due_on) == []
        assert late(admin, signed.response_due_on + DAY) == ["response"]
        response = answer(signed.recommendations.get(), due_on=signed.response_due_on + 90 * DAY)
        move(signed, "follow_up")
        assert late(admin, response.due_on) == []
        assert late(admin, response.due_on + DAY) == ["action"]
        assert late(viewer, response.due_on + DAY) == []
        assert late(make.make_user(), response.due_on + DAY) == []
        report_action(response=response, status="done", by=response.responded_by, at=make.AT)
        assert late(admin, response.due_on + DAY) == []


def assessed(programme, indicators, as_of, statuses, revision=1):
    due = DueAssessment.objects.create(
        programme=programme, kind="on_the_fly", as_of=as_of, label=str(as_of), due_at=timezone.now(),
        request=revision - 1,
    )  # fmt: skip
    run = AssessmentRun.objects.create(
        programme=programme, due=due, kind="on_the_fly", as_of=as_of, label=str(as_of), revision=revision,
        input_hash="x", method_version="1", software_version="1", started_at=timezone.now(),
        finished_at=timezone.now(),
    )  # fmt: skip
    for indicator, status in zip(indicators, statuses, strict=True):
        Verdict.objects.create(
            run=run, indicator=indicator, method="on_the_fly", status=status, refusal_code="no_data",
            inputs={}, result={}, input_hash="x", result_hash="x",
        )  # fmt: skip
    return run


class TestParts:
    @pytest.mark.parametrize("path", PARTS)
    def test_each_is_a_page_with_the_same_filters_of_what_one_sees(self, client, path):
        one, _two, _mine, _other = two_programmes()
        page = get(client, make.make_admin(), f"{path}?programme=ONE")
        assert 'href="/portfolio/?programme=ONE"' in page
        assert "/programmes/TWO/" not in page
        assert get(client, make.make_user(), path)
        get(client, make.make_user(programme=one, role=Role.READER), f"{path}?page=99&since=x")

    def test_another_name_is_not_there(self, client):
        get(client, make.make_admin(), "/portfolio/else/", status=404)

    def test_lists_of_the_page_end_and_their_parts_hold_all(self, client):
        for number in range(12):
            _programme, (indicator,), _periods = recent_programme(f"P{number:02}")
            indicator.is_critical = True
            indicator.save(update_fields=["is_critical"])
            make_alert(indicator)
        IndicatorStatus.objects.update(status="off_track", stale_from=None, expected=5, reported=1)
        admin = make.make_admin()
        page = get(client, admin, "/portfolio/")
        for part, mark in (
            ("critical", 'class="mono">TST'),
            ("gaps", "/crosstab/"),
            ("signals", "Say what happened"),
        ):
            assert f"/portfolio/{part}/" in page, part
            assert get(client, admin, f"/portfolio/{part}/").count(mark) == 12, part
        assert page.count("/crosstab/") == overview.MOST_SHOWN
        assert page.count("Say what happened") == overview.MOST_SHOWN


def make_alert(indicator):
    return Alert.objects.create(
        indicator=indicator, rule="outside", is_high=True, first_on=make.AT.date(), last_on=make.AT.date(),
        points=1, text={"template": "Beyond.", "params": {}}, method="XmR", opened_at=timezone.now(),
    )  # fmt: skip


class TestMultiples:
    def test_panels_share_their_axes_and_count_the_newest_revision(self):
        one, two, mine, other = two_programmes()
        today = timezone.localdate()
        assessed(one, [mine], today - 300 * DAY, ["off_track"])
        assessed(one, [mine], today - 300 * DAY, ["on_track"], revision=2)
        assessed(two, [other], today - 100 * DAY, ["off_track"])
        admin = make.make_admin()

        view = overview.load(admin, {})
        found = multiples.load(admin, view, view.programmes, today)
        first, second = found.panels

        assert [one.on for one in first.moments] == [today - 300 * DAY, today]
        assert first.panel.on_track.startswith(f"M{found.ground.frame.x0 + 6},")
        assert not second.panel.on_track.startswith(f"M{found.ground.frame.x0 + 6},")
        assert first.moments[0].counts["on_track"] == 1
        assert [one.on for one in second.moments] == [today - 100 * DAY, today]
        assert "off track 1" in second.text

    def test_nobody_counts_what_they_do_not_see(self):
        one, _two, mine, _other = two_programmes()
        assessed(one, [mine], timezone.localdate() - 100 * DAY, ["off_track"])
        viewer = make.make_user(global_role="partner_viewer", partner=one.partners.get())
        view = overview.load(viewer, {})
        assert multiples.load(viewer, view, view.programmes, timezone.localdate()).panels == []

    def test_it_stands_on_the_page_with_its_table(self, client):
        one, _two, mine, _other = two_programmes()
        assessed(one, [mine], timezone.localdate() - 100 * DAY, ["off_track"])
        page = get(client, make.make_admin(), "/portfolio/")
        assert 'class="m-off" d="M' in page
        assert "/portfolio/over-time/" in page
        assert (
            "<td" in get(client, make.make_admin("b"), "/portfolio/over-time/").split("Counts as a table")[1]
        )


class TestMap:
    def test_each_partner_country_leads_to_its_own_page_with_the_other_filters(self, client):
        two_programmes()
        page = get(client, make.make_admin(), "/region/?level=")
        assert 'href="/region/?country=IRQ"' in page
        admin = make.make_admin("b")
        view = overview.load(admin, {"framework": "MD"})
        (jordan,) = partner_map.partner_map(view, "/portfolio/").countries
        assert jordan.url == "/portfolio/?framework=MD&country=JOR"
        assert (jordan.count, jordan.step, bool(jordan.path)) == (1, 1, True)

    def test_small_states_have_a_point_and_far_ones_a_line_below(self):
        programme = make.make_programme(
            partners=[make.make_partner(code) for code in ("BHR", "QAT", "KWT", "MNG")], framework="ICI"
        )
        admin = make.make_admin()
        drawn = partner_map.partner_map(overview.load(admin, {}), "/region/")
        assert {one.code for one in drawn.on_map if one.point} == {"BHR", "QAT", "KWT"}
        assert [one.code for one in drawn.beyond] == ["MNG"]
        assert all(one.programmes == [programme.code] for one in drawn.countries)

    def test_it_shades_by_programmes_and_says_that_it_ranks_nobody(self, client):
        two_programmes()
        page = get(client, make.make_admin(), "/region/")
        assert "no ranking" in page
        assert "imply no opinion" in page
        assert "<script" not in page[page.index('class="map"') : page.index("map-legend")]


class TestBrief:
    def test_it_is_the_same_as_the_pages_say(self):
        one, _two, mine, _other = two_programmes()
        mine.is_critical = True
        mine.save(update_fields=["is_critical"])
        IndicatorStatus.objects.filter(indicator=mine).update(status="off_track", stale_from=None)
        admin = make.make_admin()

        brief = brief_of({"framework": "NMI"}, admin, at=timezone.now())

        assert brief.title == "NATO Mission Iraq"
        assert [line.programme for line in brief.programmes] == [one]
        assert [row.about for row in brief.worst.rows] == [mine]
        assert (brief.total.total, brief.unknown_count) == (1, 0)
        assert brief.gaps[0].programme == one

    def test_lists_are_cut_to_a_page_and_totals_are_not(self, client):
        programme = make.make_programme("LONG")
        for _number in range(9):
            make.make_indicator(programme)
        brief = brief_of({}, make.make_admin(), at=timezone.now())
        assert (len(brief.unknown), brief.unknown_count) == (MOST_LINES, 9)
        assert "5 of 9" in words(get(client, make.make_admin("b"), "/region/brief/"))

    def test_it_says_nothing_of_what_one_does_not_see(self, client):
        two_programmes()
        stranger = make.make_user()
        assert brief_of({}, stranger, at=timezone.now()).is_empty
        assert "Nothing to brief on" in words(get(client, stranger, "/region/brief/"))


@pytest.mark.parametrize(
    "path", [*PAGES, *PARTS, "/export/portfolio-indicators/all.csv", "/export/portfolio-changes/all.csv"]
)
@pytest.mark.parametrize("query", ["", "?country=JOR&topic=Posts&status=on_track&since=2026-01-01"])
def test_it_costs_the_same_queries_for_few_and_for_many(client, path, query):
    def count(user):
        client.force_login(user)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path + query).status_code == 200
        return len(asked)

    one, two, mine, _other = two_programmes()
    today = timezone.localdate()
    version = make.make_version(result_area="Posts")
    jordan = two.partners.get()
    make.make_indicator(two, version=version, partner=jordan)
    assessed(one, [mine], today - 90 * DAY, ["off_track"])
    mine.is_critical = True
    mine.save(update_fields=["is_critical"])
    make.make_indicator(one)
    StatusChange.objects.update(at=timezone.now() - 60 * DAY)
    IndicatorStatus.objects.all().update(status="at_risk")
    StatusChange.objects.filter(at__gte=timezone.now() - DAY).update(at=timezone.now() - 50 * DAY)
    IndicatorStatus.objects.all().update(status="off_track")
    recent_programme("NEW")  # of which the log of statuses knows no before, so that assessments are asked
    admin = make.make_admin()
    count(admin)
    few = count(admin)
    for number in range(8):
        more, (indicator,), _periods = recent_programme(f"M{number}")
        more.partners.add(jordan)
        make.make_indicator(more, version=make.make_version(result_area="Posts"), partner=jordan)
        indicator.is_critical = True
        indicator.save(update_fields=["is_critical"])
        assessed(more, [indicator], today - 90 * DAY, ["at_risk"])
        IndicatorStatus.objects.filter(indicator=indicator).update(status="off_track")
    count(admin)
    assert count(admin) == few
    assert few <= 40
