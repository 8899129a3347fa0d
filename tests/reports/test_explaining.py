"""Numbers explained: which figures count, what each reader sees of them, and what is not there for whom."""

from __future__ import annotations

from decimal import Decimal

import pytest

from indicators.models import Role
from tests import factories as make
from tests.reports.test_pages import get, with_transaction, words
from tests.reports.test_statistics import SPLIT, make_series
from tests.world import make_world

pytestmark = pytest.mark.django_db


def ask(client, user, kind, key, status=200):
    client.force_login(user)
    answer = client.get(f"/api/v1/explanations/{kind}/{key}/")
    assert answer.status_code == status, answer.content
    return answer.json()


def sites(values, **version):
    """Sites with one figure each in one quarter."""
    programme = make.make_programme("SITES")
    (quarter, *_rest) = make.make_quarters(programme)
    units = [make.make_unit(programme, f"U{i}") for i in range(len(values))]
    indicator = make.make_indicator(programme, version=make.make_version(**version), units=units)
    officer = make.make_user(programme=programme)
    for unit, (numerator, denominator) in zip(units, values, strict=True):
        make.make_observation(
            indicator, quarter, unit=unit, entered_by=officer, numerator=Decimal(numerator),
            denominator=Decimal(denominator),
        )  # fmt: skip
    with_transaction([(indicator.pk, quarter.pk)])
    return indicator, quarter, officer


def test_a_period_says_its_rule_with_the_numbers_put_in(client):
    indicator, quarter, officer = sites([(18, 30), (12, 28)])

    told = ask(client, officer, "period", f"{indicator.pk}-{quarter.pk}")

    assert told["value"] == "51.7\N{NO-BREAK SPACE}%"
    assert told["steps"] == [
        {
            "what": "Period value: all numerators over all denominators",
            "rule": "x = scale × Σnum / Σden",
            "substituted": "18/30 + 12/28 → 30/58",
            "result": "51.7\N{NO-BREAK SPACE}%",
        }
    ]
    assert told["coverage"].startswith("2 of 2 reports")
    assert {one["figure"] for one in told["figures"]} == {"18 / 30", "12 / 28"}
    assert all(one["entered_by"] and one["decided_by"] for one in told["figures"])


def test_a_refused_period_says_why(client):
    indicator, quarter, officer = sites([(1, 2), (1, 1)])

    told = ask(client, officer, "period", f"{indicator.pk}-{quarter.pk}")

    assert told["value"] == "The denominator is 3; this indicator needs at least 5."
    assert told["steps"][-1]["result"] == "DENOMINATOR_TOO_SMALL"


def test_what_stands_beside_a_total_is_said_and_not_counted(client):
    indicator, periods, officer = make_series([{"": 40, "sex=f": 13, "sex=m": 27}], disaggregations=SPLIT)

    told = ask(client, officer, "period", f"{indicator.pk}-{periods[0].pk}")

    assert [one["figure"] for one in told["figures"]] == ["40"]
    assert told["left_out"] == ["2 figures stand beside it: a total or a coarser split counts instead."]


def test_a_value_made_of_small_cells_keeps_them_to_itself(client):
    indicator, periods, officer = make_series([{"sex=f": 3, "sex=m": 37}], disaggregations=SPLIT)
    reader = make.make_user(programme=indicator.programme, role=Role.READER)
    key = f"{indicator.pk}-{periods[0].pk}"

    assert ask(client, officer, "period", key)["steps"][0]["substituted"] == "3 + 37"
    told = ask(client, reader, "period", key)
    assert told["value"] == "40"
    assert told["steps"][0]["substituted"] == ""
    assert all(one["is_left_out"] for one in told["figures"])
    assert "Single figures that you do not see are in the value." in told["left_out"]
    page = words(get(client, reader, f"/explain/period/{key}/"))
    assert "3 + 37" not in page


def test_a_small_cell_is_explained_to_those_who_enter_it_alone(client):
    indicator, periods, officer = make_series([{"": 40, "sex=f": 3, "sex=m": 37}], disaggregations=SPLIT)
    reader = make.make_user(programme=indicator.programme, role=Role.READER)

    for cell in ("sex=f", "sex=m"):
        key = f"{indicator.pk}-{periods[0].pk}-{cell}"
        assert ask(client, officer, "cell", key)["value"] in {"3", "37"}
        ask(client, reader, "cell", key, status=404)


def test_a_sub_total_says_that_it_was_added_up_here(client):
    indicator, periods, officer = make_series(
        [{"nation=KWT;sex=f": 13, "nation=QAT;sex=f": 7, "nation=KWT;sex=m": 9}], disaggregations=SPLIT
    )

    told = ask(client, officer, "cell", f"{indicator.pk}-{periods[0].pk}-sex=f")

    assert told["value"] == "20"
    assert "Added up here" in told["sentence"]
    assert told["steps"][0]["substituted"] == "13 + 7"


def test_a_partner_sees_no_figure_of_another_nations_unit(client):
    indicator, quarter, _officer = sites([(18, 30), (12, 28)])
    nation = indicator.programme.partners.get()
    indicator.releasable_to.add(nation)
    mine, theirs = indicator.units.order_by("code")
    for unit, partner in ((mine, nation), (theirs, make.make_partner("JOR", framework="MD"))):
        unit.partner = partner
        unit.save(update_fields=["partner"])
    partner = make.make_user(global_role="partner_viewer", partner=nation)

    told = ask(client, partner, "period", f"{indicator.pk}-{quarter.pk}")

    assert told["value"] == "51.7\N{NO-BREAK SPACE}%"
    assert told["steps"][0]["substituted"] == ""
    assert [one["figure"] for one in told["figures"]] == ["18 / 30"]
    assert told["figures"][0]["entered_by"] == ""


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("nothing", "1"), ("indicator", "x"), ("indicator", "9" * 30), ("indicator", "999999"), ("period", "1"),
        ("period", "1-x"), ("cell", "1-1"), ("cell", "1-1-sex=q"), ("verdict", "-1"), ("score", "NO"),
        ("score", "OWN:NO"), ("indicator", "²"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found_at_any_door(client, kind, key):
    world = make_world()
    ask(client, world.people["admin"], kind, key, status=404)
    assert client.get(f"/explain/{kind}/{key}/").status_code == 404
    assert client.get(f"/export/explain-{kind}/{key}.csv").status_code == 404


@pytest.mark.parametrize("who", ["stranger", "former", "other_partner"])
def test_strangers_find_no_explanation(client, who):
    world = make_world()
    own = world.own
    for kind, key in (
        ("indicator", own.indicator.pk),
        ("period", f"{own.indicator.pk}-{own.period.pk}"),
        ("verdict", own.verdict.pk),
        ("score", "OWN"),
    ):
        ask(client, world.people[who], kind, key, status=404)
