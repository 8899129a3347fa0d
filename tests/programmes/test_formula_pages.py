"""The page of a formula, with and without a script, and what the indicator's page and the API say of it."""

from decimal import Decimal

import pytest
from django.urls import reverse

from indicators import derived
from indicators.programmes import actions
from indicators.reports.indicator_parts import address_of
from tests import factories as make

pytestmark = pytest.mark.django_db
JOINED = "([AA-1].numerator + [AA-2].numerator) / ([AA-1].denominator + [AA-2].denominator)"


@pytest.fixture
def programme():
    programme = make.make_programme("NMI")
    quarters = make.make_quarters(programme)
    for code in ("AA-1", "AA-2"):
        one = make.make_indicator(programme, version=make.make_version(code, name=f"Posts of {code}"))
        for quarter in quarters[3:7]:
            make.make_observation(one, quarter)
            derived.refresh([(one.pk, quarter.pk)], at=make.AT)
    make.make_indicator(programme, version=make.make_version("AA-9"))
    return programme


@pytest.fixture
def joined(programme):
    return programme.indicators.get(definition__code="AA-9")


@pytest.fixture
def as_admin(client):
    client.force_login(make.make_admin())
    return client


def address(indicator):
    return reverse("indicator-formula", args=[indicator.programme.code, indicator.pk])


def compute(indicator, formula):
    return actions.set_formula(
        indicator=indicator,
        formula=formula,
        by=make.make_admin(),
        at=make.AT,
        reason="One figure was asked for.",
    )


def test_the_page_lists_what_a_formula_may_name(as_admin, joined):
    text = as_admin.get(address(joined)).content.decode()

    assert "[AA-1]" in text
    assert "Posts of AA-2" in text
    assert "[AA-9]" not in text
    assert "firstNonNull" in text


def test_checking_shows_words_and_real_periods_and_saves_nothing(as_admin, joined):
    answer = as_admin.post(address(joined), {"formula": JOINED, "reason": "Because.", "step": "check"})

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "the numerator of “Posts of AA-1” (AA-1) plus" in text
    assert "100 × (30 + 30) / (60 + 60)" in text
    assert "2025 Q3" in text
    assert "Because." in text
    joined.refresh_from_db()
    assert joined.formula == ""


def test_a_script_gets_the_result_alone(as_admin, joined):
    answer = as_admin.post(
        address(joined), {"formula": JOINED, "step": "check"}, headers={"HX-Request": "true"}
    )

    text = answer.content.decode()
    assert "<html" not in text
    assert "In words" in text


def test_a_fault_is_shown_with_a_caret_below_it(as_admin, joined):
    answer = as_admin.post(address(joined), {"formula": "[AA-1] + [AA-3]", "step": "check"})

    text = answer.content.decode()
    assert "did you mean AA-" in text
    assert "[AA-1] + [AA-3]\n         ^^^^^^" in text


def test_saving_computes_and_leads_to_the_indicator(as_admin, joined):
    answer = as_admin.post(address(joined), {"formula": JOINED, "reason": "One figure.", "step": "save"})

    assert answer.status_code == 302
    text = as_admin.get(answer["Location"]).content.decode()
    told = as_admin.get(address_of(joined, "explained")).content.decode()
    assert "the numerator of “Posts of AA-1” (AA-1)" in told
    assert "100 × (30 + 30) / (60 + 60)" in told
    assert "Computed, not entered" in text
    assert "Log an observation" not in text


def test_saving_a_fault_keeps_what_was_typed(as_admin, joined):
    answer = as_admin.post(address(joined), {"formula": "[AA-1] +", "reason": "One figure.", "step": "save"})

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "The formula ends here" in text
    assert "[AA-1] +</textarea>" in text


def test_a_division_by_zero_and_a_gap_say_so_in_the_preview(as_admin, programme, joined):
    one = programme.indicators.get(definition__code="AA-1")
    quarter = programme.periods.get(label="2025 Q4")
    make.make_observation(one, quarter)
    derived.refresh([(one.pk, quarter.pk)], at=make.AT)

    text = as_admin.post(
        address(joined), {"formula": "([AA-1] + [AA-2]) / ([AA-1] - 50)", "step": "check"}
    ).content.decode()

    assert "The denominator is 0" in text
    assert "AA-2 has no accepted figure for 2025 Q4." in text


def test_a_partner_who_does_not_see_every_source_does_not_see_the_formula(client, programme, joined):
    compute(joined, JOINED)
    nation = make.make_partner()
    viewer = make.make_user(global_role="partner_viewer", partner=nation)
    joined.releasable_to.add(nation)
    client.force_login(viewer)

    page = client.get(reverse("indicator-detail", args=["NMI", joined.pk])).content.decode()
    told = client.get(address_of(joined, "explained")).content.decode()
    api = client.get(f"/api/v1/indicators/{joined.pk}/").json()

    assert "not all of which are released to you" in told
    assert "AA-1" not in told
    assert "AA-1" not in page
    assert api["formula"] is None

    for one in programme.indicators.all():
        one.releasable_to.add(nation)
    assert "AA-1" in client.get(address_of(joined, "explained")).content.decode()
    assert client.get(f"/api/v1/indicators/{joined.pk}/").json()["formula"] == JOINED


def test_the_api_gives_the_formula_and_an_empty_text_for_what_is_observed(as_admin, programme, joined):
    compute(joined, JOINED)

    found = {
        row["definition"]: row["formula"] for row in as_admin.get("/api/v1/indicators/").json()["results"]
    }

    assert found == {"AA-1": "", "AA-2": "", "AA-9": JOINED}


def test_the_api_refuses_figures_of_what_is_computed(client, programme, joined):
    compute(joined, JOINED)
    client.force_login(make.make_user(programme=programme))

    answer = client.post(
        "/api/v1/observations/",
        {
            "indicator": joined.pk,
            "period": programme.periods.get(label="2025 Q3").pk,
            "numerator": "1",
            "denominator": "2",
            "as_of": "2025-09-30",
        },
        content_type="application/json",
    )

    assert answer.status_code == 403
    assert "computed by a formula" in answer.content.decode()


@pytest.mark.parametrize("n", [1, 8])
def test_the_preview_costs_the_same_queries_however_many_periods_and_sources(
    as_admin, programme, joined, n, django_assert_num_queries
):
    codes = ["AA-1", "AA-2"]
    for place in range(n - 1):
        code = f"BB-{place}"
        make.make_indicator(programme, version=make.make_version(code))
        codes.append(code)
    formula = "(" + " + ".join(f"[{code}]" for code in codes) + ") / 100"
    with django_assert_num_queries(13):
        as_admin.post(address(joined), {"formula": formula, "step": "check"}, headers={"HX-Request": "true"})


def test_numbers_of_the_page_are_those_that_are_stored(as_admin, joined):
    compute(joined, JOINED)

    assert [row.value for row in joined.rollups.all()] == [Decimal(50)] * 4
