"""Contribution ratings: two people, each on their own, on evidence that can be looked up; frozen once handed in."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction

from indicators.assessment import rating as verbs
from indicators.assessment.rating_parts import GivenItem, GivenRival
from indicators.assessment.verifying import contribution_differences, verdict_differences
from indicators.models import (
    ContributionEvidence,
    ContributionRating,
    ContributionReview,
    Event,
    Evidence,
    Membership,
    Verdict,
)
from tests import factories as make
from tests.assessment.rating_scenes import ALL_CLAIMS, AT, END, OIL, Rated
from tests.assessment.test_planned import look_back, planned, primary

pytestmark = pytest.mark.django_db


@pytest.fixture
def rated():
    return Rated()


def submit(row, by):
    return verbs.submit_contribution_rating(rating=row, row_version=row.row_version, by=by, at=AT)


def test_evidence_rests_on_a_figure_its_file_a_verdict_or_a_source(rated):
    file = Evidence.objects.create(
        observation=rated.figure, kind="link", name="Sheet", link="https://example.org", added_by=rated.officer,
        added_at=AT,
    )  # fmt: skip
    verdict = look_back(rated.programme).verdicts.first()
    items = [
        GivenItem(claim="plausible_theory", statement="A", rests_on=rated.figure),
        GivenItem(claim="sequence_fits", statement="B", rests_on=file, speaks_for=False, strength=1),
        GivenItem(claim="intermediate_outcomes", statement="C", rests_on=verdict),
        GivenItem(
            claim="independent_support", statement="D", source="A report", link="https://example.org/r"
        ),
    ]

    row = rated.begin(rated.first, items=items)

    assert [one.reference() for one in row.items.all()] == [
        f"observation:{rated.figure.pk}", f"evidence:{file.pk}", f"verdict:{verdict.pk}", "A report"
    ]  # fmt: skip
    assert (row.seat, row.state, row.review.number) == (1, "draft", 1)


@pytest.mark.parametrize(
    ("item", "said"),
    [
        ({"statement": ""}, "Row 1"),
        ({"source": ""}, "rests on one thing"),
        ({"claim": "magic"}, "Row 1"),
        ({"strength": 4}, "Row 1"),
        ({"link": "javascript:alert(1)"}, "a web address"),
        ({"statement": "NATO SECRET"}, "carries a marking"),
        ({"statement": "x" * 5000}, "at most 4000 characters"),
    ],
)
def test_what_cannot_be_looked_up_or_kept_is_refused_and_nothing_stays(rated, item, said):
    given = {"claim": "plausible_theory", "statement": "A", "source": "A report"} | item
    with pytest.raises(ValidationError) as refusal:
        rated.begin(rated.first, items=[GivenItem(**given)])
    assert said in str(refusal.value)
    assert "SECRET" not in str(refusal.value)
    assert not ContributionRating.objects.exists()
    assert not ContributionReview.objects.exists()


def test_evidence_of_another_programme_or_a_draft_figure_is_refused(rated):
    other = Rated("OTHER")
    draft = make.make_observation(
        rated.indicator, make.make_quarters(rated.programme)[2], state="draft", numerator=Decimal(1),
        denominator=Decimal(2),
    )  # fmt: skip
    for figure in (other.figure, draft):
        with pytest.raises(ValidationError, match="approved figures"):
            rated.begin(rated.first, items=[GivenItem(claim="sequence_fits", statement="A", rests_on=figure)])


def test_a_judged_rival_says_how_it_was_examined(rated):
    with pytest.raises(ValidationError, match="how it was examined"):
        rated.begin(rated.first, rivals=[GivenRival(name="War", judgement="explains_it")])


def test_only_evaluators_who_never_worked_there_rate(rated):
    former = make.make_user(programme=rated.programme, role="evaluator")
    Membership.objects.create(
        user=former, programme=rated.programme, role="officer", starts_on=date(2024, 1, 1),
        ends_on=date(2024, 6, 30),
    )  # fmt: skip
    for who in (rated.officer, make.make_admin("boss"), former, make.make_user("reader")):
        with pytest.raises(PermissionDenied):
            rated.begin(who)
    assert not ContributionReview.objects.exists()


def test_two_different_people_rate_and_no_third(rated):
    rated.begin(rated.first)
    with pytest.raises(ValidationError, match="two different people"):
        rated.begin(rated.first)
    rated.begin(rated.second)
    with pytest.raises(ValidationError, match="Two people rate this already"):
        rated.begin(make.make_user(programme=rated.programme, role="evaluator"))


def test_the_database_itself_has_two_seats_for_two_people(rated):
    row = rated.begin(rated.first)
    third = make.make_user("third")
    for given in (
        {"seat": 3, "rater": third},
        {"seat": 1, "rater": third},
        {"seat": 2, "rater": rated.first},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            ContributionRating.objects.create(review=row.review, begun_at=AT, **given)


def test_a_place_that_is_given_up_is_free_again(rated):
    row = rated.begin(rated.first)
    verbs.discard_contribution_rating(rating=row, by=rated.first, at=AT)
    assert rated.begin(rated.second).seat == 1


def test_a_draft_changes_as_it_was_seen_and_by_its_writer_alone(rated):
    row = rated.begin(rated.first)
    given = {"value": 2, "reasons": "Less.", "items": ALL_CLAIMS[:1], "rivals": [], "at": AT}
    with pytest.raises(PermissionDenied, match="who wrote it"):
        verbs.change_contribution_rating(rating=row, row_version=1, by=rated.second, **given)
    changed = verbs.change_contribution_rating(rating=row, row_version=1, by=rated.first, **given)
    assert (changed.rating, changed.items.count(), changed.rivals.count()) == (2, 1, 0)
    with pytest.raises(ValidationError, match="another window"):
        verbs.change_contribution_rating(rating=row, row_version=1, by=rated.first, **given)


def test_an_incomplete_rating_is_not_handed_in(rated):
    row = rated.begin(rated.first, rating=None, reasons="", items=(), rivals=())
    with pytest.raises(ValidationError) as refusal:
        submit(row, rated.first)
    assert set(refusal.value.message_dict) == {"rating", "reasons", "items", "rivals"}


def test_what_is_handed_in_stays_as_it_is_whatever_tries(rated):
    row = rated.hand_in(rated.first)
    assert len(row.content_hash) == 64
    with pytest.raises(PermissionDenied, match="handed in"):
        verbs.change_contribution_rating(
            rating=row, row_version=row.row_version, value=0, reasons="", items=(), rivals=(), by=rated.first,
            at=AT,
        )  # fmt: skip
    for statement in (
        "UPDATE indicators_contributionrating SET rating = 0",
        "DELETE FROM indicators_contributionevidence",
        "UPDATE indicators_rivalexplanation SET judgement = 'cannot_tell'",
    ):
        with (
            pytest.raises(DatabaseError, match="stays as it is"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)


def test_nobody_sees_a_rating_before_both_are_in(rated):
    admin = make.make_admin("boss")

    def seen_by(user):
        return set(ContributionRating.objects.visible_to(user).values_list("seat", flat=True))

    rated.hand_in(rated.first)
    second = rated.begin(rated.second, 1)
    assert seen_by(rated.first) == {1}
    assert seen_by(rated.second) == {2}
    assert seen_by(admin) == seen_by(rated.officer) == set()

    submit(second, rated.second)
    assert seen_by(rated.first) == seen_by(rated.second) == seen_by(admin) == seen_by(rated.officer) == {1, 2}
    assert ContributionEvidence.objects.visible_to(rated.officer).count() == 2 * len(ALL_CLAIMS)


def test_the_trail_names_the_deed_and_not_what_was_rated(rated):
    row = rated.hand_in(rated.first)
    told = Event.objects.filter(about_type="contributionrating").order_by("pk")
    assert [one.verb for one in told] == ["began", "handed in"]
    assert [one.after for one in told] == [None, {"content_hash": row.content_hash}]


def test_two_who_differ_settle_once_between_their_ratings_and_with_a_reason(rated):
    first, _second = rated.both(4, 2)
    review = first.review

    def settle(rating=3, reason="The second report was new to one of us.", by=rated.first):
        return verbs.reconcile_contribution(review=review, rating=rating, reason=reason, by=by, at=AT)

    with pytest.raises(ValidationError, match="Only the two who rated"):
        settle(by=make.make_user(programme=rated.programme, role="evaluator"))
    with pytest.raises(ValidationError, match="from 2 to 4"):
        settle(1)
    with pytest.raises(ValidationError, match="what settled it"):
        settle(reason=" ")
    assert settle().reconciled == 3
    with pytest.raises(ValidationError, match="kept already"):
        settle(4)


def test_the_same_rating_needs_no_settling(rated):
    first, _second = rated.both()
    with pytest.raises(ValidationError, match="the same rating"):
        verbs.reconcile_contribution(review=first.review, rating=3, reason="So.", by=rated.first, at=AT)


def test_rated_again_only_after_a_complete_round_and_with_a_reason(rated):
    first = rated.hand_in(rated.first)
    with pytest.raises(ValidationError, match="not complete"):
        verbs.rate_again(indicator=rated.indicator, reason="New.", by=rated.first, at=AT)
    rated.hand_in(rated.second)
    with pytest.raises(ValidationError, match="known now"):
        verbs.rate_again(indicator=rated.indicator, reason="", by=rated.first, at=AT)
    again = verbs.rate_again(indicator=rated.indicator, reason="A new report.", by=rated.first, at=AT)
    assert (again.number, rated.begin(rated.first).review) == (2, again)
    assert first.review.number == 1


# --- In an assessment --------------------------------------------------------------------------------------------


def plan_it(rated):
    return planned(
        rated.programme,
        items=[(rated.indicator, {"method": "contribution_rating", "method_reason": "Nothing to compare."})],
    )


def answer(rated, **given):
    return primary(look_back(rated.programme, as_of=END, **given))


def test_the_planned_method_gives_the_lower_rating_and_freezes_both(rated):
    plan_it(rated)
    first, second = rated.both(4, 3)

    verdict = answer(rated)

    assert (verdict.value, verdict.refusal_code, verdict.confidence) == (3, "", "low")
    assert [one["hash"] for one in verdict.inputs["contribution"]["ratings"]] == [
        first.content_hash, second.content_hash
    ]  # fmt: skip
    said = " ".join(one["template"] for one in verdict.result["sentence"])
    assert "The raters differ" in said
    assert "would turn" not in said
    holds = {one["name"]: one["holds"] for one in verdict.result["assumptions"]}
    assert (holds["raters_independent"], holds["plan_locked"]) == ("yes", "yes")
    assert list(verdict_differences()) == list(contribution_differences()) == []


@pytest.mark.parametrize(("handed_in", "said"), [(0, "No rating of two"), (1, "One rating of two")])
def test_one_rating_of_two_is_a_refusal_that_gives_nothing_away(rated, handed_in, said):
    plan_it(rated)
    for rater in (rated.first, rated.second)[:handed_in]:
        rated.hand_in(rater, 4)
    rated.begin(rated.second, 1)

    verdict = answer(rated)

    assert verdict.refusal_code == "RATERS_TOO_FEW"
    assert said in verdict.result["refusal"]["message"]["template"]
    assert verdict.inputs["contribution"]["ratings"] == []
    assert "Shows" not in str(verdict.inputs)


def test_raters_two_steps_apart_stay_refused_until_they_settle(rated):
    plan_it(rated)
    first, _second = rated.both(4, 2)
    assert answer(rated).refusal_code == "RATERS_DISAGREE"

    verbs.reconcile_contribution(review=first.review, rating=3, reason="We talked.", by=rated.second, at=AT)
    settled = answer(rated, request=2)

    assert (settled.value, settled.run.revision) == (3, 2)
    assert "RECONCILED" in settled.result["flags"]
    assert settled.inputs["contribution"]["reconciled"]["reason"] == "We talked."
    assert list(verdict_differences()) == list(contribution_differences()) == []


def test_the_rating_is_cut_to_what_the_evidence_of_both_carries(rated):
    plan_it(rated)
    rated.hand_in(rated.first, 4, items=ALL_CLAIMS[:3])
    rated.hand_in(rated.second, 4, items=ALL_CLAIMS[:2])
    verdict = answer(rated)
    assert (verdict.value, verdict.result["params"]["supported"]) == (2, 2)
    assert "ABOVE_EVIDENCE" in verdict.result["flags"]


def test_a_main_rival_that_one_rater_left_open_stands(rated):
    plan_it(rated)
    rated.hand_in(rated.first, 4)
    rated.hand_in(rated.second, 4, rivals=[GivenRival(name="War", plausibility="high")])
    assert answer(rated).value == 2


def test_a_rater_who_turns_out_to_have_worked_there_does_not_count(rated):
    plan_it(rated)
    rated.both()
    Membership.objects.create(
        user=rated.second, programme=rated.programme, role="officer", starts_on=date(2024, 3, 1)
    )
    assert answer(rated).refusal_code == "RATERS_TOO_FEW"


def test_what_is_handed_in_later_does_not_change_an_assessment_as_known_before(rated):
    plan_it(rated)
    rated.both()
    assert answer(rated, due_at=AT - timedelta(days=3)).refusal_code == "RATERS_TOO_FEW"


def test_a_new_round_counts_once_it_is_complete(rated):
    plan_it(rated)
    rated.both(2, 2)
    verbs.rate_again(indicator=rated.indicator, reason="A new report.", by=rated.first, at=AT)
    rated.hand_in(rated.first, 4)
    assert answer(rated).value == 2
    rated.hand_in(rated.second, 4)
    assert answer(rated, request=2).value == 4


def test_without_a_plan_the_ratings_are_exploratory(rated):
    rated.both()
    run = look_back(rated.programme, as_of=END)
    verdict = run.verdicts.get(method="contribution")
    assert verdict.value == 3
    assert "EXPLORATORY" in verdict.result["flags"]


def test_partner_viewers_do_not_see_what_evaluators_judge(rated):
    rated.both()
    partner = make.make_partner("IRQ")
    rated.indicator.releasable_to.add(partner)
    look_back(rated.programme, as_of=END)
    viewer = make.make_user("viewer", global_role="partner_viewer", partner=partner)
    assert not ContributionRating.objects.visible_to(viewer).exists()
    assert not ContributionReview.objects.visible_to(viewer).exists()
    seen = Verdict.objects.visible_to(viewer)
    assert seen.exists()
    assert not seen.filter(method="contribution").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("indicators_contributionrating SET rating = 4", "no longer says what was handed in"),
        ("indicators_contributionevidence SET statement = 'x'", "no longer says what was handed in"),
        ("indicators_rivalexplanation SET examined = 'x'", "no longer says what was handed in"),
        ("indicators_contributionreview SET reconciled = 4", "what the raters settled on"),
        (
            "indicators_contributionrating SET content_hash = repeat('0', 64)",
            "is not the one that was frozen",
        ),
    ],
)
def test_verify_names_what_was_changed_behind_its_back(rated, change, said):
    plan_it(rated)
    first, _second = rated.both(3, 2)
    verbs.reconcile_contribution(review=first.review, rating=3, reason="So.", by=rated.first, at=AT)
    answer(rated)
    assert list(contribution_differences()) == []
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("contributionrating", "contributionevidence", "rivalexplanation", "contributionreview"):
            cursor.execute(f"ALTER TABLE indicators_{table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {change}")
    assert any(said in one for one in contribution_differences())


@pytest.mark.parametrize("n", [1, 6])
def test_reading_ratings_takes_the_same_queries_however_many(n, django_assert_num_queries):
    from indicators.assessment.contributions import load_contributions

    rated = Rated()
    pks = []
    for _number in range(n):
        rated.indicator = make.make_indicator(rated.programme)
        rated.both()
        pks.append(rated.indicator.pk)
    # rounds; ratings; evidence; rivals; who worked there
    with django_assert_num_queries(5):
        assert len(load_contributions(pks, rated.programme, known_on=date(2026, 1, 1))) == n


def test_oil_is_a_main_rival_and_a_hardly_plausible_one_is_not(rated):
    low = GivenRival(name="Weather", plausibility="low")
    row = rated.begin(rated.first, rivals=[OIL, low])
    assert [one.is_main for one in row.rivals.all()] == [True, False]
