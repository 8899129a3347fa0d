"""The pages: who sees what, what stands where a number would, and how many queries it costs."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators import derived
from indicators.models import ContextRelease, ContextSeries, ContextValue, IndicatorStatus
from indicators.reports.indicator_parts import PARTS, address_of
from tests import factories as make
from tests.world import make_world

pytestmark = pytest.mark.django_db


def get(client, user, path, status=200):
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == status, (path, response.status_code)
    return unescape(response.content.decode()) if status == 200 else ""


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def pages_of(place):
    return [
        f"/programmes/{place.programme.code}/",
        f"/programmes/{place.programme.code}/indicators/{place.indicator.pk}/",
        f"/programmes/{place.programme.code}/indicators/{place.secret.pk}/",
        f"/assessments/{place.run.pk}/",
    ]


def exports_of(place):
    return [
        f"/export/{name}/{key}.{form}"
        for name, key in [
            ("programme", place.programme.code),
            ("indicator", place.indicator.pk),
            ("observations", place.secret.pk),
            ("assessment", place.run.pk),
        ]
        for form in ("csv", "xlsx")
    ]


def recent_programme(code="NOW", indicators=1, observations=1):
    """A running programme with fresh monthly figures."""
    today = timezone.localdate()
    programme = make.make_programme(
        code, starts_on=today - timedelta(days=400), ends_on=today + timedelta(days=400), time_zone="UTC"
    )
    periods = []
    first = today.replace(day=1)
    for _step in range(4):
        ends_on = first - timedelta(days=1)
        first = ends_on.replace(day=1)
        periods.append(
            programme.periods.create(
                frequency="monthly", starts_on=first, ends_on=ends_on, label=f"{first:%Y-%m}", due_on=ends_on
            )
        )
    made = []
    for _number in range(indicators):
        indicator = make.make_indicator(
            programme,
            frequency="monthly",
            plan={"baseline_on": programme.starts_on, "target_on": programme.ends_on},
        )
        officer = make.make_user(programme=programme)
        for period in periods[: min(observations, 4)]:
            make.make_observation(indicator, period, entered_by=officer)
        made.append(indicator)
    keys = [(i.pk, p.pk) for i in made for p in periods]
    with_transaction(keys)
    return programme, made, periods


def with_transaction(keys):
    from django.db import transaction

    with transaction.atomic():
        derived.refresh(keys, at=timezone.now())


class TestAccess:
    def test_a_stranger_gets_404_for_every_page_and_file_of_another_programme(self, client):
        world = make_world()
        for path in pages_of(world.other) + exports_of(world.other):
            get(client, world.people["officer"], path, 404)

    def test_members_and_all_seeing_roles_open_every_page_and_file(self, client):
        world = make_world()
        for who in ("officer", "approver", "evaluator", "reader", "admin", "regional", "auditor"):
            for path in pages_of(world.own):
                get(client, world.people[who], path)
        for path in exports_of(world.own):
            client.force_login(world.people["officer"])
            assert client.get(path).status_code == 200

    def test_a_former_member_sees_nothing(self, client):
        world = make_world()
        for path in pages_of(world.own) + exports_of(world.own):
            get(client, world.people["former"], path, 404)
        assert "OWN" not in get(client, world.people["former"], "/portfolio/")

    def test_nothing_of_another_programme_stands_in_any_overview(self, client):
        world = make_world()
        for path in ("/portfolio/", "/region/", "/export/portfolio/all.csv", "/export/region/all.csv"):
            page = get(client, world.people["officer"], path)
            assert "Programme OTHER" not in page, path
            assert "Country JOR" not in page, path
            assert "OTHER" not in page, path

    def test_counts_hold_only_what_one_sees(self, client):
        world = make_world()
        page = words(get(client, world.people["officer"], "/portfolio/"))
        assert "1 programme, 2 indicators" in page
        page = words(get(client, world.people["admin"], "/portfolio/"))
        assert "2 programmes, 4 indicators" in page

    def test_a_partner_viewer_sees_only_what_is_releasable(self, client):
        world = make_world()
        partner = world.people["partner"]
        assert "1 programme, 1 indicators" in words(get(client, partner, "/portfolio/"))
        for path in (
            f"/programmes/{world.own.programme.code}/",
            f"/assessments/{world.own.run.pk}/",
            "/region/",
            f"/export/programme/{world.own.programme.code}.csv",
            f"/export/assessment/{world.own.run.pk}.csv",
        ):
            page = get(client, partner, path)
            assert "Inner figure OWN" not in page, path
        get(client, partner, pages_of(world.own)[2], 404)
        get(client, partner, f"/export/observations/{world.own.secret.pk}.csv", 404)
        get(client, partner, f"/export/indicator/{world.own.secret.pk}.xlsx", 404)

    def test_a_partner_viewer_is_led_to_what_waits_for_a_sign_off(self, client):
        world = make_world()
        design = f"/programmes/{world.own.programme.code}/design/"
        page = get(client, world.people["partner"], f"/programmes/{world.own.programme.code}/")
        assert f'href="{design}">Sign off</a>' in page
        assert "Read and answer" in get(client, world.people["partner"], design)
        page = get(client, world.people["officer"], f"/programmes/{world.own.programme.code}/")
        assert "Sign off" not in page

    def test_a_partner_viewer_sees_no_evaluation_no_staff_and_no_comment(self, client):
        world = make_world()
        for path in [*pages_of(world.own)[:2], pages_of(world.own)[3]]:
            page = get(client, world.people["partner"], path)
            assert "A review" not in page
            assert "Writer-Own" not in page
        page = get(client, world.people["partner"], f"/export/observations/{world.own.indicator.pk}.csv")
        assert "Writer-Own" not in page
        assert "Comment OWN" not in page
        assert "A review" in get(client, world.people["evaluator"], pages_of(world.own)[3])

    def test_releasability_stands_in_the_marking(self, client):
        world = make_world()
        page = words(get(client, world.people["partner"], "/portfolio/"))
        assert "NATO UNCLASSIFIED" in page
        assert "Releasable to Country IRQ" in page

    def test_the_partner_of_another_nation_sees_nothing(self, client):
        world = make_world()
        for path in pages_of(world.own):
            get(client, world.people["other_partner"], path, 404)

    def test_only_readings_are_answered(self, client):
        world = make_world()
        client.force_login(world.people["admin"])
        for path in ["/portfolio/", "/region/", "/context/", *pages_of(world.own), *exports_of(world.own)]:
            assert client.post(path).status_code == 405

    def test_unknown_tables_keys_and_formats_are_404(self, client):
        admin = make.make_admin()
        for path in (
            "/export/passwords/all.csv",
            "/export/portfolio/some.csv",
            "/export/portfolio/all.pdf",
            "/export/indicator/x.csv",
            "/export/indicator/99999999999999999999999.csv",
            "/export/assessment/²,csv.csv",
            "/export/context/none.csv",
            "/programmes/NONE/",
            "/context/none/",
        ):
            get(client, admin, path, 404)


class TestEmpty:
    @pytest.mark.parametrize("path", ["/portfolio/", "/region/", "/context/"])
    def test_an_empty_tracker_says_what_comes_next(self, client, path):
        for user in (make.make_admin(), make.make_user()):
            assert 'class="empty"' in get(client, user, path)

    def test_exports_of_nothing_are_tables_without_rows(self, client):
        client.force_login(make.make_user())
        for name in ("portfolio", "region"):
            for form in ("csv", "xlsx"):
                assert client.get(f"/export/{name}/all.{form}").status_code == 200

    def test_a_programme_without_anything_opens(self, client):
        programme = make.make_programme("BARE", partners=[])
        page = words(get(client, make.make_admin(), f"/programmes/{programme.code}/"))
        assert "None yet. The schedule makes them" in page

    def test_an_indicator_without_figures_says_so_where_the_number_would_stand(self, client):
        indicator = make.make_indicator(make.make_programme("BARE"))
        page = get(client, make.make_admin(), indicator.get_absolute_url())
        assert "There are no approved data yet." in page
        assert "No accepted figure yet" in page
        assert re.search(r'figure-value">\s*<span class="cell-missing"><span aria-hidden="true">—', page)
        assert '<span class="visually-hidden">no value</span>' in page

    def test_a_filter_that_finds_nothing_says_so(self, client):
        make.make_programme("ONE")
        page = words(get(client, make.make_admin(), "/portfolio/?framework=MD"))
        assert "No programme fits" in page

    def test_odd_filters_do_no_harm(self, client):
        make.make_programme("ONE")
        for odd in ("x" * 5000, "'; drop", "%F0%9F%92%A9", "🔥"):
            get(client, make.make_admin(), f"/portfolio/?country={odd}&framework={odd}&organisation={odd}")


class TestNumbers:
    def test_the_indicator_page_shows_what_is_stored(self, client):
        _programme, (indicator,), _periods = recent_programme()
        page = words(get(client, make.make_admin(), indicator.get_absolute_url()))
        status = IndicatorStatus.objects.get(indicator=indicator)
        assert status.value == 50
        assert "50 %" in page
        assert status.achievement == Decimal("0.5")
        assert "Achieved 50 %" in page
        assert f"On-track index {status.on_track_index:.2f}" in page
        assert "Rose from 20" in page
        assert "Explain this number" in page
        told = words(get(client, make.make_admin("reading"), address_of(indicator, "explained")))
        assert "a = (A − B) / (T − B)" in told

    def test_zero_is_shown_as_zero_and_missing_as_a_dash(self, client):
        programme, (indicator,), periods = recent_programme(observations=0)
        make.make_observation(indicator, periods[0], numerator=Decimal(0), denominator=Decimal(60))
        with_transaction([(indicator.pk, periods[0].pk)])
        page = get(client, make.make_admin(), indicator.get_absolute_url())
        assert re.search(r'figure-value">0\s%', page)
        assert "0 / 60" in words(page)
        assert "Nothing reported" in page
        table = words(get(client, make.make_admin(), f"/programmes/{programme.code}/"))
        assert " 0 %" in table

    def test_a_refusal_stands_where_the_number_would(self, client):
        programme, (indicator,), periods = recent_programme(observations=0)
        make.make_observation(indicator, periods[0], numerator=Decimal(1), denominator=Decimal(2))
        with_transaction([(indicator.pk, periods[0].pk)])
        status = IndicatorStatus.objects.get(indicator=indicator)
        assert status.refusal_code
        for path in (indicator.get_absolute_url(), f"/programmes/{programme.code}/"):
            page = words(get(client, make.make_admin(), path))
            assert "Cannot be assessed" in page
            assert status.refusal["template"].split("%")[0].strip() in page

    def test_a_value_that_went_stale_is_not_reporting_on_every_page(self, client):
        programme, (indicator,), _periods = recent_programme()
        IndicatorStatus.objects.filter(indicator=indicator).update(
            status="on_track", stale_from=timezone.localdate() - timedelta(days=1)
        )
        make.make_admin("adm")
        for path in (indicator.get_absolute_url(), f"/programmes/{programme.code}/"):
            page = words(get(client, make.make_admin(), path))
            assert "no longer counts as current since" in page
        csv = get(client, make.make_admin(), f"/export/programme/{programme.code}.csv")
        assert '"Not reporting"' in csv
        assert '"STALE"' in csv

    def test_counts_of_the_portfolio_add_up_and_nothing_is_averaged(self, client):
        world = make_world()
        page = words(get(client, world.people["admin"], "/portfolio/"))
        assert "nothing is averaged" in page
        found = IndicatorStatus.objects.at(timezone.localdate()).values_list("status_now", flat=True)
        assert f"{len(found)} indicators" in page

    def test_the_assessment_page_shows_frozen_verdicts(self, client):
        world = make_world()
        page = words(get(client, world.people["reader"], f"/assessments/{world.own.run.pk}/"))
        assert "0" * 64 in page
        assert "Method version" in page
        assert "Open figure OWN" in page

    def test_illustrative_data_are_labelled(self, client):
        world = make_world()
        admin = world.people["admin"]
        assert "Illustrative data" not in get(client, admin, f"/programmes/{world.own.programme.code}/")
        world.own.programme.is_illustrative = True
        world.own.programme.save(update_fields=["is_illustrative"])
        for path in ["/portfolio/", "/region/", *pages_of(world.own), *exports_of(world.own)[::2]]:
            assert "Illustrative data" in get(client, admin, path), path

    def test_what_was_left_out_is_named(self, client):
        _programme, (indicator,), periods = recent_programme(observations=2)
        make.make_observation(indicator, periods[2], state="submitted")
        page = words(get(client, make.make_admin(), address_of(indicator, "explained")))
        assert f"Periods without a figure: {periods[2].label}" in page
        assert "1 figure that waits for acceptance" in page

    def test_a_range_is_shown_where_a_target_would_stand(self, client):
        programme = make.make_programme("RNG")
        version = make.make_version(direction="range")
        make.make_indicator(
            programme,
            version=version,
            plan={"target": None, "target_on": None, "range_low": Decimal(85), "range_high": Decimal(100)},
        )
        page = words(get(client, make.make_admin(), f"/programmes/{programme.code}/"))
        assert "85 % to 100 %" in page

    def test_corrections_are_counted_in_their_period(self, client):
        _programme, (indicator,), periods = recent_programme()
        make.make_observation(indicator, periods[1], state="superseded", superseded_at=make.AT)
        assert "1 correction" in words(get(client, make.make_admin(), indicator.get_absolute_url()))

    def test_an_indicator_that_is_no_longer_in_use_stays_readable(self, client):
        world = make_world()
        world.own.indicator.is_active = False
        world.own.indicator.save(update_fields=["is_active"])
        page = get(client, world.people["officer"], world.own.indicator.get_absolute_url())
        assert "No longer in use" in page
        assert "/log/" not in page


class TestButtons:
    def test_only_those_who_may_see_the_buttons(self, client):
        world = make_world()
        path = world.own.indicator.get_absolute_url()
        assert f"/log/{world.own.indicator.pk}/" in get(client, world.people["officer"], path)
        assert f"/log/{world.own.indicator.pk}/" not in get(client, world.people["reader"], path)
        assert "targets" in get(client, world.people["admin"], path) or "revise" in get(
            client, world.people["admin"], path
        )


class TestContext:
    def make_series(self, countries=2, years=3):
        series = ContextSeries.objects.create(
            code="GE",
            name="Government effectiveness",
            publisher="World Bank",
            unit="estimate",
            licence="CC BY 4.0",
        )
        release = ContextRelease.objects.create(
            series=series, vintage="2024", retrieved_on=date(2025, 1, 1), source="A table"
        )
        old = ContextRelease.objects.create(
            series=series, vintage="2023", retrieved_on=date(2024, 1, 1), source="A table"
        )
        for number in range(countries):
            partner = make.make_partner(
                f"X{chr(65 + number // 26)}{chr(65 + number % 26)}",
                alpha2=f"{chr(65 + number // 26)}{chr(65 + number % 26)}",
            )
            for year in range(years):
                for one, value in ((release, Decimal("-0.5")), (old, Decimal("9.9"))):
                    ContextValue.objects.create(
                        release=one,
                        partner=partner,
                        starts_on=date(2020 + year, 1, 1),
                        ends_on=date(2020 + year, 12, 31),
                        value=value - year,
                        standard_error=Decimal("0.2"),
                    )
        return series

    def test_a_series_shows_its_newest_edition_with_its_uncertainty(self, client):
        series = self.make_series()
        page = words(get(client, make.make_user(), f"/context/{series.code}/"))
        assert "−2.5" in page
        assert "−2.89 to −2.11" in page
        assert "CC BY 4.0" in page
        shown, _heading, changed = page.partition("What changed from")
        assert "9.9" not in shown
        assert "9.9" in changed
        assert "GE" in get(client, make.make_user(), "/context/")

    def test_a_country_is_chosen_by_the_address(self, client):
        series = self.make_series()
        assert "Country XAB: Government" in get(
            client, make.make_user(), f"/context/{series.code}/?country=XAB"
        )
        get(client, make.make_user(), f"/context/{series.code}/?country=' or 1=1")

    @pytest.mark.parametrize("n", [1, 20])
    def test_a_series_costs_the_same_queries_for_any_number_of_countries(self, client, n):
        series = self.make_series(countries=n)
        assert queries(client, make.make_admin(), f"/context/{series.code}/") <= 7


def queries(client, user, path):
    client.force_login(user)
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


class TestQueries:
    def test_pages_cost_the_same_queries_for_1_and_20(self, client):
        admin = make.make_admin("counting")
        programme, (indicator,), periods = recent_programme("MANY", observations=1)
        indicator.partner = make.make_partner()
        indicator.save(update_fields=["partner"])
        make.make_indicator(programme)  # never judged, so that something needs attention from the start
        paths = [
            "/portfolio/",
            "/region/",
            f"/programmes/{programme.code}/",
            indicator.get_absolute_url(),
            *(address_of(indicator, part) for part in PARTS),
            "/export/portfolio/all.csv",
            "/export/region/all.csv",
            f"/export/programme/{programme.code}.csv",
            f"/export/observations/{indicator.pk}.csv",
            f"/export/indicator/{indicator.pk}.csv",
        ]
        before = {path: queries(client, admin, path) for path in paths}

        self.grow(programme, indicator, periods)

        assert {path: queries(client, admin, path) for path in paths} == before
        assert before.pop(indicator.get_absolute_url()) <= 35
        assert max(before.values()) <= 30

    def grow(self, programme, indicator, periods):
        """19 more programmes, indicators with partners of their own, members and figures."""
        for number in range(19):
            recent_programme(f"N{number}")
            partner = make.make_partner(f"Q{chr(65 + number)}A", alpha2=f"Q{chr(65 + number)}")
            programme.partners.add(partner)
            make.make_indicator(programme, frequency="monthly", partner=partner)
            unit = make.make_unit(programme)
            make.make_observation(indicator, periods[number % 4], unit=unit)
        with_transaction([(indicator.pk, period.pk) for period in periods])

    @pytest.mark.parametrize("n", [1, 20])
    def test_an_assessment_costs_the_same_queries_for_any_number_of_verdicts(self, client, n):
        world = make_world()
        verdict = world.own.run.verdicts.first()
        for _number in range(n):
            verdict.pk = None
            verdict.indicator = make.make_indicator(world.own.programme)
            verdict.save(force_insert=True)
        assert queries(client, world.people["admin"], f"/assessments/{world.own.run.pk}/") <= 14


class TestHome:
    @pytest.mark.parametrize(
        ("who", "to"),
        [
            ("officer", "/due/"),
            ("approver", "/review/"),
            ("admin", "/portfolio/"),
            ("evaluator", "/portfolio/"),
            ("partner", "/portfolio/"),
            ("regional", "/portfolio/"),
        ],
    )
    def test_everybody_lands_on_their_main_job(self, client, who, to):
        client.force_login(make_world().people[who])
        assert client.get("/").url == to


@pytest.mark.parametrize(
    ("role", "main"), [("officer", "Files"), ("evaluator", "Assess now"), ("reader", None)]
)
def test_a_programme_has_one_main_action_by_role_and_the_others_in_a_menu(client, role, main):
    programme = make.make_programme("OWN")
    client.force_login(make.make_user(programme=programme, role=role))

    page = client.get("/programmes/OWN/").content.decode()
    actions = page[
        page.index('class="page-actions') : page.index("</header>", page.index('class="page-actions'))
    ]

    before, menu = actions.rsplit('<details class="menu">', 1)
    assert before.count("button-primary") == (1 if main else 0)
    assert main is None or main in before.split("button-primary")[1]
    for words in ("What if", "Crosstab", "Ex-post plan", "IATI"):
        assert words in menu
        assert words not in before
