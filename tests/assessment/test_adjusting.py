"""From a recommendation to what came of it: answers, actions, decisions, lessons; and back again."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from indicators.assessment import adjusting, evaluating, running
from indicators.models import (
    AdjustmentDecision,
    AssessmentRun,
    Evaluation,
    Event,
    Lesson,
    ManagementResponse,
    Membership,
    ProgrammeIndicator,
    Recommendation,
)
from indicators.programmes.actions import put_design_in_force, revise_target, start_design_version
from tests import factories as make
from tests.assessment.cast import make_due
from tests.assessment.evaluations import answer, decide, make_run, member, respond_to_all, sign, start

pytestmark = pytest.mark.django_db


@pytest.fixture
def signed():
    run = make_run("OWN")
    return sign(start(run, make.make_user("zelda", programme=run.programme, role="evaluator")))


@pytest.fixture
def approver(signed):
    return member(signed.programme, "approver")


@pytest.fixture
def advice(signed):
    return Recommendation.objects.select_related("evaluation__programme").get()


class TestResponses:
    def test_the_approver_answers_through_the_page(self, client, advice, approver):
        client.force_login(approver)
        page = client.post(
            reverse("response-new", args=[advice.pk]),
            {
                "answer": "partly",
                "reason": "Once a year can be paid.",
                "action": "Plan one round.",
                "responsible": "Training section",
                "due_on": "2999-03-31",
            },
            follow=True,
        )
        response = ManagementResponse.objects.get()
        assert (response.answer, response.status, response.responded_by) == (
            "partly",
            "not_started",
            approver,
        )
        assert "Once a year can be paid." in page.text
        assert Event.objects.get(verb="answered a recommendation").reason == "Once a year can be paid."

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"answer": "rejected"}, "reason"),
            ({"answer": "partly"}, "reason"),
            ({"action": " "}, "action"),
            ({"responsible": ""}, "responsible"),
            ({"due_on": None}, "due_on"),
            ({"due_on": date(2020, 1, 1)}, "due_on"),
            ({"answer": "maybe", "reason": "So."}, "answer"),
        ],
    )
    def test_an_answer_is_whole(self, advice, given, field):
        with pytest.raises(ValidationError) as caught:
            answer(advice, **given)
        assert field in caught.value.message_dict
        assert not ManagementResponse.objects.exists()

    def test_it_is_given_once_and_stays(self, advice):
        answer(advice)
        with pytest.raises(ValidationError, match="answered before"):
            answer(advice, answer="rejected", reason="No.")
        with pytest.raises(DatabaseError), transaction.atomic():
            ManagementResponse.objects.update(answer="rejected", reason="No.")

    def test_neither_the_evaluator_nor_an_officer_answers(self, signed, advice):
        for person in (signed.lead, member(signed.programme, "officer")):
            with pytest.raises(PermissionDenied):
                answer(advice, by=person)

    def test_a_draft_is_not_answered(self, advice):
        other = make_run("OTHER")
        draft = start(other, make.make_user(programme=other.programme, role="evaluator"))
        row = Recommendation.objects.create(evaluation=draft, statement="S", addressee="A")
        with pytest.raises(ValidationError, match="once the report is signed"):
            answer(row)

    def test_an_action_goes_on_and_is_dropped_with_a_reason(self, client, advice, approver):
        response = answer(advice)
        client.force_login(member(advice.evaluation.programme, "officer"))
        url = reverse("action-report", args=[advice.pk])
        assert client.post(url, {"status": "in_progress"}).status_code == 302
        page = client.post(url, {"status": "dropped"})
        assert "say why the action is dropped" in page.text
        response.refresh_from_db()
        assert response.status == "in_progress"
        client.post(url, {"status": "dropped", "status_reason": "The post was closed."})
        response.refresh_from_db()
        assert (response.status, response.status_reason) == ("dropped", "The post was closed.")

    def test_a_rejected_one_has_no_action(self, advice, approver):
        response = answer(advice, answer="rejected", reason="No.")
        assert (response.action, response.due_on) == ("", None)
        with pytest.raises(ValidationError, match="was rejected"):
            adjusting.report_action(response=response, status="done", by=approver, at=make.AT)


class TestDecisions:
    def test_a_decision_leads_to_a_target_and_each_leads_back(self, client, signed, approver):
        decision = decide(signed)
        indicator = signed.run.verdicts.get().indicator
        admin = make.make_admin()
        revision = revise_target(
            indicator=indicator, reason_code="evaluation", reason="As decided.", decision=decision,
            target=Decimal(60), by=admin, at=make.AT,
        )  # fmt: skip
        assert decision.revisions.get() == revision
        client.force_login(admin)
        decided = client.get(decision.get_absolute_url()).text
        for url in (
            indicator.get_absolute_url(),
            signed.get_absolute_url(),
            f"/explain/verdict/{signed.run.verdicts.get().pk}/",
        ):
            assert url in decided
        assert decision.get_absolute_url() in client.get(indicator.get_absolute_url()).text
        assert (
            decision.get_absolute_url()
            in client.get(reverse("target-revise", args=["OWN", indicator.pk])).text
        )
        assert decision.get_absolute_url() in client.get(signed.get_absolute_url()).text

    def test_a_decision_leads_to_a_design_and_each_leads_back(self, client, signed):
        decision, admin = decide(signed, "redesign_scope"), make.make_admin()
        design = start_design_version(
            programme=signed.programme, reason="As decided.", decision=decision, by=admin, at=make.AT
        )
        put_design_in_force(design=design, by=admin, at=make.AT)
        client.force_login(admin)
        assert decision.get_absolute_url() in client.get(reverse("programme-design", args=["OWN"])).text
        assert "Design version 2" in client.get(decision.get_absolute_url()).text

    @pytest.mark.parametrize("kind", ["retarget", "continue"])
    def test_a_decision_that_changes_no_design_starts_none(self, signed, kind):
        with pytest.raises(ValidationError, match="changes no design"):
            start_design_version(
                programme=signed.programme,
                reason="R.",
                decision=decide(signed, kind),
                by=make.make_admin(),
                at=make.AT,
            )

    def test_the_page_decides(self, client, advice, approver):
        client.force_login(approver)
        url = reverse("decision-new", args=["OWN"])
        assert client.get(url, {"recommendation": advice.pk}).status_code == 200
        nothing = client.post(url, {"kind": "stop", "rationale": "R."})
        assert "Choose at least one recommendation" in nothing.text
        client.post(url, {"kind": "stop", "rationale": "It is over.", "recommendations": [advice.pk]})
        decision = AdjustmentDecision.objects.get()
        assert (decision.kind, list(decision.recommendations.all())) == ("stop", [advice])

    def test_it_never_changes(self, signed):
        decision = decide(signed)
        for attempt in (
            lambda: AdjustmentDecision.objects.update(kind="stop"),
            lambda: decision.recommendations.clear(),
            lambda: AdjustmentDecision.objects.all().delete(),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()

    def test_whoever_recommended_does_not_decide(self, signed):
        with pytest.raises(PermissionDenied):
            decide(signed, by=signed.lead)
        Membership.objects.filter(user=signed.lead).update(role="reader")
        signed.lead.global_role = "admin"
        signed.lead.save()
        with pytest.raises(ValidationError, match="recommended themselves"):
            decide(signed, by=signed.lead)

    def test_a_recommendation_of_another_programme_is_not_followed(self, advice, approver):
        other = make_run("OTHER").programme
        with pytest.raises(ValidationError, match="of this programme"):
            adjusting.decide_adjustment(
                programme=other, kind="stop", rationale="R.", recommendations=[advice], by=member(other, "approver"),
                at=make.AT,
            )  # fmt: skip


class TestBeforeAndAfter:
    def test_the_next_assessment_shows_what_was_before(self, client, signed):
        decision = decide(signed)
        make_due(signed.programme, as_of=date(2025, 12, 31), label="2025 Q4")
        running.run_what_is_due()
        later = AssessmentRun.objects.get(label="2025 Q4")
        client.force_login(make.make_admin())
        page = client.get(later.get_absolute_url()).text
        assert "Decisions made before, and how it looks now" in page
        assert decision.get_absolute_url() in page
        assert "Before and after is no proof" in page
        earlier = client.get(signed.run.get_absolute_url()).text
        assert "Decisions made before" not in earlier
        shown = client.get(signed.run.verdicts.get().indicator.get_absolute_url()).text
        assert "2025 Q4" in shown
        assert "Before and after is no proof" in shown

    def test_figures_and_verdicts_stand_on_their_side_of_the_day(self, signed):
        from indicators.reports import adjustments

        decision = decide(signed)
        [found] = adjustments.of_decision(decision)
        assert found.before.run_pk == signed.run_id
        assert found.after == ()
        assert found.figure_before[0] == "2025 Q3"
        assert found.figure_after is None

    @pytest.mark.parametrize("n", [1, 4])
    def test_it_asks_the_same_number_of_questions(self, signed, n, django_assert_num_queries):
        from indicators.reports import adjustments

        for _number in range(n):
            decide(signed)
        admin = make.make_admin()
        indicator = ProgrammeIndicator.objects.select_related("programme", "version").get()
        with django_assert_num_queries(9):
            adjustments.of_indicator(admin, indicator)


class TestFollowUp:
    def test_what_is_overdue_stands_first_and_the_share_is_counted(self, client, signed, approver):
        client.force_login(make.make_admin())
        page = client.get(reverse("recommendation-list")).text
        assert "a response" in page
        assert "Overdue" in page
        assert "0 of 1" in page
        decide(signed, at=signed.signed_at + timedelta(days=90))
        page = client.get(reverse("recommendation-list"), {"programme": "OWN"}).text
        assert "1 of 1" in page

    def test_a_recommendation_signed_yesterday_counts_in_no_share(self, client, signed):
        from indicators.assessment.evaluation_page import signed_recommendations, use_of

        rows = list(signed_recommendations(make.make_admin()))
        found = use_of(rows, make.AT.date() + timedelta(days=1))
        assert (found.closed, found.waiting, found.share) == (0, 1, None)

    def test_strangers_see_none_of_it(self, client, signed):
        client.force_login(make.make_user(programme=make.make_programme(), role="approver"))
        assert "Inspect twice a year." not in client.get(reverse("recommendation-list")).text

    @pytest.mark.parametrize("n", [1, 4])
    def test_it_asks_the_same_number_of_questions(self, client, n, django_assert_num_queries):
        run = make_run("OWN")
        lead = make.make_user(programme=run.programme, role="evaluator")
        for _number in range(n):
            decide(sign(start(run, lead)))
        client.force_login(make.make_admin())
        url = reverse("recommendation-list")
        client.get(url)
        # session, person, menu; programmes, recommendations with answers, decisions, revisions, designs
        with django_assert_num_queries(8):
            client.get(url)

    def test_it_closes_once_all_is_done_and_decided(self, signed, approver):
        respond_to_all(signed)
        response = ManagementResponse.objects.get()
        adjusting.report_action(response=response, status="done", by=approver, at=make.AT)
        signed.refresh_from_db()
        given = {"evaluation": signed, "to": "closed", "reason": "Over.", "by": signed.lead, "at": make.AT}
        with pytest.raises(ValidationError, match="A decision that follows recommendation 1"):
            evaluating.move_evaluation(version=signed.version, **given)
        decide(signed)
        signed.refresh_from_db()
        closed = evaluating.move_evaluation(version=signed.version, **given)
        assert (closed.state, closed.closed_at) == ("closed", make.AT)


class TestLessons:
    def test_from_submitted_to_shared(self, client, signed):
        lesson, admin = Lesson.objects.get(), make.make_admin()
        with pytest.raises(ValidationError, match="that they wrote"):
            adjusting.move_lesson(lesson=lesson, to="verified", by=signed.lead, at=make.AT)
        adjusting.move_lesson(lesson=lesson, to="verified", by=admin, at=make.AT)
        stranger = make.make_user(programme=make.make_programme(), role="officer")
        client.force_login(stranger)
        assert "Begin early." not in client.get(reverse("lesson-list")).text
        client.force_login(admin)
        client.post(reverse("lesson-move", args=[lesson.pk, "approved"]), {"is_shared": "on"})
        client.force_login(stranger)
        page = client.get(reverse("lesson-list"), {"tag": "POSTS"}).text
        assert "Begin early." in page
        assert signed.get_absolute_url() not in page
        assert client.get(signed.get_absolute_url()).status_code == 404

    @pytest.mark.parametrize(
        ("to", "words"),
        [("approved", "does not lead"), ("rejected", "say why"), ("nonsense", "does not lead")],
    )
    def test_what_does_not_follow_is_refused(self, signed, to, words):
        with pytest.raises(ValidationError, match=words):
            adjusting.move_lesson(lesson=Lesson.objects.get(), to=to, by=make.make_admin(), at=make.AT)

    def test_only_an_administrator_approves(self, signed):
        adjusting.move_lesson(lesson=Lesson.objects.get(), to="verified", by=make.make_admin(), at=make.AT)
        with pytest.raises(ValidationError, match="Administrators approve"):
            adjusting.move_lesson(lesson=Lesson.objects.get(), to="approved", by=signed.lead, at=make.AT)


def test_an_unanswered_report_is_overdue_after_28_days(client, signed):
    assert signed.response_due_on == make.AT.date() + timedelta(days=28)
    assert timezone.now().date() > signed.response_due_on
    client.force_login(make.make_admin())
    assert "Response overdue" in client.get(signed.get_absolute_url()).text
    assert Evaluation.objects.count() == 1
