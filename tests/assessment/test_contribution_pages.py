"""The pages of contribution ratings: fill in, hand in, read side by side, settle; frozen on the ex-post page."""

import pytest
from django.urls import reverse

from indicators.models import ContributionRating, ContributionReview, Evidence
from tests import factories as make
from tests.assessment.rating_scenes import AT, END, Rated
from tests.assessment.test_planned import look_back, planned
from tests.hostile import forms_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rated(client):
    rated = Rated()
    client.force_login(rated.first)
    return rated


def page(rated, name="detail"):
    return reverse(f"contribution-{name}", args=["OWN", rated.indicator.pk])


def sheet(items=(), rivals=(), **given):
    """What a browser sends: some rows filled, one empty below."""
    data = {"rating": "2", "reasons": "It came first.", "row_version": ""}
    for prefix, rows, usual in (
        ("item", items, {"claim": "plausible_theory", "side": "for", "strength": "2"}),
        ("rival", rivals, {"plausibility": "medium", "judgement": "not_examined"}),
    ):
        data |= {f"{prefix}-TOTAL_FORMS": str(len(rows) + 1), f"{prefix}-INITIAL_FORMS": "0"}
        for number, row in enumerate([*rows, {}]):
            data |= {f"{prefix}-{number}-{name}": value for name, value in (usual | row).items()}
    return data | given


A_REPORT = {"statement": "The doctrine foresees it.", "source": "A report, 2024, p. 3"}
OIL = {"name": "Oil price", "judgement": "does_not_explain", "examined": "It fell meanwhile."}


def test_from_an_empty_page_to_two_ratings_side_by_side(client, rated):
    assert "Nobody has rated this yet" in client.get(page(rated)).text
    assert page(rated, "rate") in client.get(page(rated)).text

    figure = {
        "claim": "sequence_fits",
        "statement": "It rose after.",
        "rests_on": f"observation:{rated.figure.pk}",
    }
    sent = sheet([A_REPORT, figure], [OIL], draft="1")
    answer = client.post(page(rated, "rate"), sent)
    assert (answer.status_code, answer["Location"]) == (302, page(rated, "rate"))
    row = ContributionRating.objects.get()
    assert (row.rating, row.items.count(), row.rivals.count(), row.state) == (2, 2, 1, "draft")
    shown = client.get(page(rated, "rate")).text
    assert "The evidence in your draft carries 1 of 4" in shown
    assert "The activities were delivered" in shown

    version = str(row.row_version)
    answer = client.post(
        page(rated, "rate"), sheet([A_REPORT, figure], [OIL], submit="1", row_version=version)
    )
    assert answer["Location"] == page(rated)
    assert "Not complete" in client.get(page(rated)).text

    client.force_login(rated.second)
    before = client.get(page(rated)).text
    assert "The doctrine foresees it" not in before
    assert "Oil price" not in before
    client.post(page(rated, "rate"), sheet([A_REPORT], [OIL], submit="1", rating="1"))

    both = client.get(page(rated)).text
    assert "The raters differ by one step: 1 and 2." in both
    assert rated.figure.get_absolute_url() in both
    assert "Contribution 1 of 4" in both
    assert "Oil price" in both
    assert str(rated.first) in both


@pytest.mark.parametrize(
    ("items", "rivals", "given", "said"),
    [
        ([{"statement": "No source."}], [], {}, "rests on one thing"),
        ([A_REPORT | {"link": "nowhere"}], [], {}, "a web address"),
        ([A_REPORT | {"strength": "9"}], [], {}, "Evidence 1, Strength"),
        ([A_REPORT | {"rests_on": "observation:999999"}], [], {}, "Evidence 1, Rests on"),
        ([], [{"name": "War", "judgement": "explains_it"}], {}, "how it was examined"),
        ([], [{"examined": "Somehow."}], {}, "Row 1"),
        ([], [], {"rating": "7"}, "7 was given"),
        ([], [], {"reasons": "NATO SECRET"}, "carries a marking"),
        ([], [], {"item-TOTAL_FORMS": "x"}, "ManagementForm"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_stored(client, rated, items, rivals, given, said):
    answer = client.post(page(rated, "rate"), sheet(items, rivals, submit="1", **given))
    assert answer.status_code == 422
    assert said in answer.text
    assert not ContributionReview.objects.exists()


def test_what_cannot_be_handed_in_yet_is_kept_as_a_draft(client, rated):
    answer = client.post(page(rated, "rate"), sheet([A_REPORT], submit="1"), follow=True)
    assert "Saved as a draft, but not handed in" in answer.text
    assert "No other explanation is named" in answer.text
    assert ContributionRating.objects.get().state == "draft"


def test_another_row_without_a_script_keeps_what_was_typed_and_stores_nothing(client, rated):
    answer = client.post(page(rated, "rate"), sheet([A_REPORT], more="item"))
    assert answer.status_code == 200
    assert 'name="item-TOTAL_FORMS" value="3"' in answer.text
    assert "The doctrine foresees it." in answer.text
    assert not ContributionRating.objects.exists()


def test_a_row_that_is_ticked_is_left_out(client, rated):
    client.post(page(rated, "rate"), sheet([A_REPORT, A_REPORT | {"DELETE": "on"}], draft="1"))
    assert ContributionRating.objects.get().items.count() == 1


def test_a_draft_of_another_window_is_not_overwritten(client, rated):
    rated.begin(rated.first)
    answer = client.post(page(rated, "rate"), sheet([A_REPORT], draft="1", row_version="99"))
    assert answer.status_code == 422
    assert "another window" in answer.text


def test_a_third_evaluator_and_one_who_handed_in_are_told_so(client, rated):
    rated.both()
    assert "nothing in it changes" in client.get(page(rated, "rate"), follow=True).text
    client.force_login(make.make_user(programme=rated.programme, role="evaluator"))
    assert "Two people rate this already" in client.get(page(rated, "rate"), follow=True).text


def test_a_draft_is_thrown_away(client, rated):
    rated.begin(rated.first)
    assert "thrown away" in client.post(page(rated, "discard"), follow=True).text
    assert not ContributionRating.objects.exists()
    assert "There is no draft of yours" in client.post(page(rated, "discard"), follow=True).text


def test_two_who_differ_settle_on_the_page_and_rate_again(client, rated):
    rated.both(4, 2)
    shown = client.get(page(rated)).text
    assert "The raters differ by 2 steps: 2 and 4." in shown
    assert "No rating counts yet" in shown
    assert "Settle on one rating" in shown
    refused = client.post(page(rated, "settle"), {"rating": "1", "reason": "So."})
    assert "from 2 to 4" in refused.text

    answer = client.post(page(rated, "settle"), {"rating": "3", "reason": "We talked."}, follow=True)
    assert "They settled on 3" in answer.text
    assert "We talked." in answer.text
    assert "Settle on one rating" not in answer.text

    answer = client.post(page(rated, "again"), {"reason": "A new report."}, follow=True)
    assert "Round 2" in answer.text
    assert page(rated, "rate") in answer.text


def test_readers_look_and_do_not_rate(client, rated):
    rated.both()
    client.force_login(rated.officer)
    assert "Both gave 3." in client.get(page(rated)).text
    assert client.get(page(rated, "rate")).status_code == 403
    for name in ("settle", "again", "discard"):
        assert client.post(page(rated, name), {"reason": "So.", "rating": "3"}).status_code == 403


def test_evidence_of_few_people_is_named_to_nobody_who_must_not_see_it(client, rated, monkeypatch):
    from indicators.assessment import rating_page, rating_sources

    file = Evidence.objects.create(
        observation=rated.figure, kind="link", name="List of two women", link="https://example.org", added_at=AT,
        added_by=rated.officer,
    )  # fmt: skip
    figure = {"statement": "It rose.", "rests_on": f"evidence:{file.pk}"}
    assert client.post(page(rated, "rate"), sheet([figure], [OIL], draft="1")).status_code == 302
    assert "List of two women" in client.get(page(rated, "rate")).text
    for module in (rating_page, rating_sources):
        monkeypatch.setattr(module, "withheld", lambda user, figures: {one.pk for one in figures})
    assert "List of two women" not in client.get(page(rated, "rate")).text
    assert "List of two women" not in client.get(page(rated)).text


def test_the_ex_post_page_says_it_in_words_with_both_ratings(client, rated):
    planned(
        rated.programme, items=[(rated.indicator, {"method": "contribution_rating", "method_reason": "So."})]
    )
    rated.both(4, 3)
    run = look_back(rated.programme, as_of=END)
    shown = client.get(run.get_absolute_url()).text
    assert "Two evaluators find it likely that the programme contributed" in shown
    assert "Contribution 3 of 4: intermediate outcomes are evidenced" in shown
    assert "What the two raters said" in shown
    assert str(rated.second) in shown
    assert "Oil price" in shown
    assert "3.00" not in shown
    assert page(rated) in shown


def test_one_rating_of_two_is_said_where_the_number_would_stand(client, rated):
    planned(
        rated.programme, items=[(rated.indicator, {"method": "contribution_rating", "method_reason": "So."})]
    )
    rated.hand_in(rated.second, 4)
    run = look_back(rated.programme, as_of=END)
    shown = client.get(run.get_absolute_url()).text
    assert "One rating of two" in shown
    assert "Oil price" not in shown


def test_the_machine_door_gives_ones_own_and_both_once_both_are_in(client, rated):
    rated.hand_in(rated.second)
    path = "/api/v1/contribution-ratings/"
    assert client.get(path).json()["results"] == []
    rated.hand_in(rated.first)
    found = client.get(path, {"programme": "OWN"}).json()["results"]
    assert [one["rating"] for one in found] == [3, 3]
    assert found[0]["items"][0]["source"] == "A report"
    assert found[0]["rivals"][0]["name"] == "Oil price"
    assert client.post(path, {}).status_code == 405


@pytest.mark.parametrize("n", [2, 12])
def test_queries_of_both_pages_do_not_grow_with_the_evidence(client, rated, n, django_assert_num_queries):
    from indicators.assessment.rating_parts import GivenItem

    rows = [GivenItem(claim="sequence_fits", statement="A", rests_on=rated.figure) for _ in range(n)]
    rated.hand_in(rated.first, items=rows)
    rated.hand_in(rated.second, items=rows)
    client.get(page(rated))
    # session, user, menu (3); indicator; rounds; ratings, evidence, its figure with indicator, definition, version,
    # period; rivals; ratings as an assessment reads them (5); may one rate (3)
    with django_assert_num_queries(20):
        client.get(page(rated))


def test_rows_that_nobody_touched_stay(client, rated):
    rated.begin(rated.first)
    form = next(one for one in forms_of(client.get(page(rated, "rate")).text) if "reasons" in one.values)
    left = ("more", "submit", "DELETE", "__prefix__")
    sent = {name: value for name, value in form.values.items() if not any(part in name for part in left)}
    assert client.post(page(rated, "rate"), sent)["Location"] == page(rated, "rate")
    row = ContributionRating.objects.get()
    assert (row.row_version, row.items.count(), row.rivals.count()) == (2, 5, 1)
