"""Evaluations: independent, resting on verdicts, checked by the programme, frozen by a signature."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from indicators.assessment import evaluating, writing
from indicators.assessment.verifying import evaluation_differences
from indicators.models import (
    CriterionRating,
    Evaluation,
    Event,
    FactComment,
    Finding,
    Lesson,
    Membership,
    Recommendation,
)
from tests import factories as make
from tests.assessment.evaluations import (
    draft,
    finish,
    make_run,
    respond_to_all,
    sign,
    start,
    to_fact_check,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def run():
    return make_run("OWN")


@pytest.fixture
def evaluator(run, client):
    person = make.make_user("zelda", programme=run.programme, role="evaluator")
    client.force_login(person)
    return person


@pytest.fixture
def officer(run):
    return make.make_user("olga", programme=run.programme, role="officer")


@pytest.fixture
def evaluation(run, evaluator):
    return start(run, evaluator)


def post(client, evaluation, name, *args, **given):
    evaluation.refresh_from_db()
    data = {"version": evaluation.version} | given
    return client.post(reverse(name, args=args or [evaluation.pk]), data, follow=True)


class TestTheWay:
    def test_from_plan_to_signature_through_the_pages(self, client, run, evaluator, officer):
        client.post(
            reverse("evaluation-plan", args=["OWN"]),
            {
                "kind": "mid_term",
                "title": "Half-way",
                "question": "Do posts improve?",
                "scope": "All posts of 2024 and 2025.",
                "lead": evaluator.pk,
                "due_on": "2999-01-31",
            },
        )
        evaluation = Evaluation.objects.get()
        assert (evaluation.state, evaluation.run) == ("planned", None)
        post(client, evaluation, "evaluation-begin", run=run.pk)
        post(
            client,
            evaluation,
            "finding-new",
            statement="Half of the posts meet it.",
            confidence="high",
            verdicts=[run.verdicts.get().pk],
        )
        finding = Finding.objects.get()
        post(
            client,
            evaluation,
            "recommendation-new",
            findings=[finding.pk],
            statement="Inspect twice a year.",
            addressee="Mission commander",
            priority="high",
            due_on="2999-01-31",
        )
        post(
            client,
            evaluation,
            "lesson-new",
            findings=[finding.pk],
            statement="Start early.",
            tags="Posts, timing",
        )
        post(
            client,
            evaluation,
            "evaluation-edit",
            title="Half-way",
            question="Do posts improve?",
            scope="All posts.",
            judgement="They do, slowly.",
            context="The partner inspects with us.",
        )
        ratings = {name: "4" for name in CriterionRating.Criterion.values} | {"impact": ""}
        why = {f"{name}_reason": f"Because of {name}." for name in CriterionRating.Criterion.values}
        post(client, evaluation, "ratings-edit", **ratings, **why)
        post(client, evaluation, "evaluation-move", evaluation.pk, "draft")
        post(
            client, evaluation, "evaluation-move", evaluation.pk, "fact_check", fact_check_until="2999-01-31"
        )
        client.force_login(officer)
        client.post(reverse("fact-comment", args=[finding.pk]), {"text": "It is 31 of 60."})
        post(client, evaluation, "fact-check-finish")
        client.force_login(evaluator)
        page = post(client, evaluation, "evaluation-move", evaluation.pk, "final")
        assert "An answer to 1 comment on the facts." in page.text
        comment = FactComment.objects.get()
        post(client, evaluation, "fact-answer", comment.pk, answer="kept", answer_text="The sheet says 30.")
        page = post(client, evaluation, "evaluation-move", evaluation.pk, "final")

        evaluation.refresh_from_db()
        assert (evaluation.state, evaluation.signed_by) == ("final", evaluator)
        assert evaluation.response_due_on - evaluation.signed_at.date() in (timedelta(28), timedelta(29))
        assert Lesson.objects.get().tags == ["posts", "timing"]
        assert CriterionRating.objects.get(criterion="impact").rating is None
        for words in ("Signed by", "Inspect twice a year.", "The sheet says 30.", "Moderately satisfactory"):
            assert words in page.text
        assert "Add a finding" not in page.text
        verbs = set(
            Event.objects.filter(about_id=evaluation.pk, about_type="evaluation").values_list(
                "verb", flat=True
            )
        )
        assert {
            "planned",
            "began",
            "signed",
            "sent out for a fact check",
            "commented on the facts of",
        } <= verbs

    def test_what_is_missing_is_said_and_nothing_moves(self, client, evaluation):
        page = post(client, evaluation, "evaluation-move", evaluation.pk, "draft")
        assert "A finding; a report without one cannot be drafted." in page.text
        draft(evaluation)
        CriterionRating.objects.filter(criterion="coherence").delete()
        Evaluation.objects.update(judgement="")
        page = post(
            client, evaluation, "evaluation-move", evaluation.pk, "fact_check", fact_check_until="2999-01-01"
        )
        assert "A rating of coherence" in page.text
        assert "The answer to the question." in page.text
        evaluation.refresh_from_db()
        assert evaluation.state == "draft"

    @pytest.mark.parametrize("to", ["planned", "running", "final", "response_due", "closed", "nonsense"])
    def test_states_are_not_skipped(self, evaluation, to):
        draft(evaluation)
        evaluation.refresh_from_db()
        with pytest.raises(ValidationError, match="does not lead to"):
            evaluating.move_evaluation(
                evaluation=evaluation, version=evaluation.version, to=to, by=evaluation.lead, at=make.AT
            )

    def test_the_signature_waits_for_the_end_of_the_fact_check(self, evaluation, officer):
        to_fact_check(evaluation, until=date(2025, 11, 1))
        with pytest.raises(ValidationError, match="1 Nov 2025 is its last day"):
            finish(evaluation)
        evaluating.finish_fact_check(evaluation=evaluation, by=officer, at=make.AT)
        assert finish(evaluation).state == "final"

    def test_a_step_back_needs_a_reason(self, client, evaluation):
        to_fact_check(evaluation)
        page = post(client, evaluation, "evaluation-move", evaluation.pk, "draft", reason=" ")
        assert Evaluation.objects.get().state == "fact_check"
        assert page.status_code == 200
        post(client, evaluation, "evaluation-move", evaluation.pk, "draft", reason="Figures were corrected.")
        assert Evaluation.objects.get().state == "draft"
        assert Event.objects.get(verb="took back to draft").reason == "Figures were corrected."

    def test_a_fact_check_needs_a_last_day_to_come(self, client, evaluation):
        draft(evaluation)
        page = post(
            client, evaluation, "evaluation-move", evaluation.pk, "fact_check", fact_check_until="2020-01-01"
        )
        assert "Say until when" in page.text

    def test_to_the_end(self, evaluation):
        sign(evaluation)
        approver = respond_to_all(evaluation)
        assert approver != evaluation.lead
        evaluation.refresh_from_db()
        assert evaluation.state == "follow_up"
        with pytest.raises(ValidationError, match="neither done nor dropped"):
            evaluating.move_evaluation(
                evaluation=evaluation,
                version=evaluation.version,
                to="closed",
                reason="Over.",
                by=evaluation.lead,
                at=make.AT,
            )

    def test_an_evaluation_of_another_programmes_assessment_does_not_begin(self, run, evaluator):
        other = make_run("OTHER")
        planned = evaluating.plan_evaluation(
            programme=run.programme,
            kind="thematic",
            title="T",
            question="Q",
            lead=evaluator,
            by=evaluator,
            at=make.AT,
        )
        with pytest.raises(ValidationError, match="another programme"):
            evaluating.pin_assessment(evaluation=planned, version=1, run=other, by=evaluator, at=make.AT)


class TestFindings:
    def test_a_finding_must_cite_a_verdict_of_this_very_assessment(self, client, evaluation):
        other = make_run("OTHER").verdicts.get()
        nothing = post(client, evaluation, "finding-new", statement="So it is.", confidence="low")
        foreign = post(
            client, evaluation, "finding-new", statement="So it is.", confidence="low", verdicts=[other.pk]
        )
        assert "Choose at least one verdict" in nothing.text
        assert "is no verdict of this assessment" in foreign.text
        assert not Finding.objects.exists()
        with pytest.raises(ValidationError):
            writing.save_finding(
                evaluation=evaluation,
                version=1,
                statement="x",
                verdicts=[other],
                by=evaluation.lead,
                at=make.AT,
            )

    def test_evidence_of_an_approved_figure_is_enough_and_that_of_others_is_none(self, client, evaluation):
        from tests.assessment.evaluations import make_evidence

        own, other = make_evidence(evaluation.programme), make_evidence(make_run("OTHER").programme)
        foreign = post(
            client, evaluation, "finding-new", statement="x", confidence="low", evidence=[other.pk]
        )
        assert "no evidence of an approved figure" in foreign.text
        page = post(
            client, evaluation, "finding-new", statement="So it is.", confidence="low", evidence=[own.pk]
        )
        assert "Inspection sheet" in page.text

    def test_what_something_follows_from_stays(self, client, evaluation):
        draft(evaluation)
        finding, recommendation = Finding.objects.get(), Recommendation.objects.get()
        page = post(client, evaluation, "finding-remove", finding.pk)
        assert "follows from this finding" in page.text
        post(client, evaluation, "recommendation-remove", recommendation.pk)
        post(client, evaluation, "lesson-remove", Lesson.objects.get().pk)
        post(client, evaluation, "finding-remove", finding.pk)
        assert not Finding.objects.exists()

    def test_a_finding_can_be_changed_while_comments_are_answered(self, client, evaluation, officer):
        to_fact_check(evaluation)
        finding = Finding.objects.get()
        before = finding.statement
        writing.comment_on_facts(finding=finding, text="No.", by=officer, at=make.AT)
        page = post(
            client,
            evaluation,
            "finding-edit",
            finding.pk,
            statement="31 of 60 posts meet it.",
            confidence="high",
            verdicts=[one.pk for one in finding.verdicts.all()],
        )
        assert "31 of 60 posts meet it." in page.text
        assert FactComment.objects.get().about_statement == before
        page = post(client, evaluation, "finding-remove", finding.pk)
        assert Finding.objects.exists()

    def test_a_recommendation_done_in_the_past_is_refused(self, client, evaluation):
        draft(evaluation)
        page = post(
            client,
            evaluation,
            "recommendation-new",
            findings=[Finding.objects.get().pk],
            statement="Inspect.",
            addressee="Mission",
            priority="low",
            due_on="2020-01-01",
        )
        assert "has passed; expected a day to come" in page.text

    @pytest.mark.parametrize(
        ("tags", "words"), [("x" * 31, "longer than 30"), (",".join("abcdefghi"), "9 tags were given")]
    )
    def test_tags_have_limits(self, client, evaluation, tags, words):
        draft(evaluation)
        page = post(
            client, evaluation, "lesson-new", findings=[Finding.objects.get().pk], statement="L.", tags=tags
        )
        assert words in page.text

    def test_a_rating_without_a_reason_is_refused_and_none_is_kept(self, client, evaluation):
        page = post(client, evaluation, "ratings-edit", relevance="5", impact="4", impact_reason="So.")
        assert "say why it is rated so" in page.text
        assert not CriterionRating.objects.exists()

    def test_what_was_refused_can_be_sent_again(self, client, evaluation):
        page = post(client, evaluation, "ratings-edit", impact="4")
        version = evaluation.version
        assert f'name="version" value="{version}"' in page.text
        evaluation.refresh_from_db()
        assert evaluation.version == version

    def test_of_two_who_change_at_once_the_second_is_told(self, client, evaluation):
        texts = {"title": "Mine", "question": "Q?", "version": evaluation.version}
        client.post(reverse("evaluation-edit", args=[evaluation.pk]), texts)
        second = client.post(reverse("evaluation-edit", args=[evaluation.pk]), texts | {"title": "Other"})
        assert "Somebody else changed this evaluation" in second.text
        assert Evaluation.objects.get().title == "Mine"


class TestTheFactCheck:
    def test_only_the_programmes_people_comment_and_only_during_it(self, evaluation, evaluator, officer):
        draft(evaluation)
        finding = Finding.objects.get()
        with pytest.raises(ValidationError, match="out for a fact check"):
            writing.comment_on_facts(finding=finding, text="No.", by=officer, at=make.AT)
        to_fact_check(evaluation)
        with pytest.raises(PermissionDenied):
            writing.comment_on_facts(finding=finding, text="No.", by=evaluator, at=make.AT)
        evaluating.finish_fact_check(evaluation=evaluation, by=officer, at=make.AT)
        with pytest.raises(ValidationError, match="is done"):
            writing.comment_on_facts(finding=finding, text="No.", by=officer, at=make.AT)

    def test_the_programme_cannot_edit(self, client, evaluation, officer):
        to_fact_check(evaluation)
        client.force_login(officer)
        assert post(client, evaluation, "finding-edit", Finding.objects.get().pk).status_code == 403
        assert post(client, evaluation, "evaluation-edit").status_code == 403


class TestTheSignature:
    def test_after_it_nothing_changes_any_more(self, evaluation):
        sign(evaluation)
        finding = Finding.objects.get()
        evaluation.refresh_from_db()
        with pytest.raises(ValidationError, match="signed on"):
            writing.save_finding(
                evaluation=evaluation,
                version=evaluation.version,
                statement="More.",
                verdicts=list(evaluation.run.verdicts.all()),
                by=evaluation.lead,
                at=make.AT,
            )
        attempts = [
            lambda: Evaluation.objects.update(judgement="All is well."),
            lambda: Evaluation.objects.update(report={}),
            lambda: Evaluation.objects.update(state="draft"),
            lambda: Evaluation.objects.all().delete(),
            lambda: Finding.objects.update(statement="All is well."),
            lambda: finding.verdicts.clear(),
            lambda: Finding.objects.create(evaluation=evaluation, statement="More."),
            lambda: CriterionRating.objects.update(rating=6),
            lambda: Recommendation.objects.update(priority="low"),
            lambda: Recommendation.objects.get().findings.clear(),
            lambda: Lesson.objects.update(statement="Nothing."),
        ]
        for attempt in attempts:
            with pytest.raises(DatabaseError), transaction.atomic():
                attempt()
        assert list(evaluation_differences()) == []

    def test_the_pinned_assessment_stays(self, evaluation):
        other = make_run("OTHER")
        with pytest.raises(DatabaseError), transaction.atomic():
            Evaluation.objects.filter(pk=evaluation.pk).update(run=other)

    def test_verify_names_a_report_that_was_changed_behind_its_back(self, evaluation):
        sign(evaluation)
        assert list(evaluation_differences()) == []
        for table, sql in (
            ("indicators_finding", "UPDATE indicators_finding SET statement = 'All is well.'"),
            ("indicators_evaluation", "UPDATE indicators_evaluation SET report = '{\"form\": 1}'"),
        ):
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                cursor.execute(sql)
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            assert any("no longer says what was signed" in one for one in evaluation_differences())
        assert any("does not have the hash" in one for one in evaluation_differences())

    def test_the_hash_holds_the_inputs_of_the_assessment(self, evaluation):
        signed = sign(evaluation)
        assert signed.report["assessment"]["input_hash"] == evaluation.run.input_hash
        verdict = evaluation.run.verdicts.get()
        assert signed.report["findings"][0]["verdicts"][0]["input_hash"] == verdict.input_hash


class TestIndependence:
    @pytest.mark.parametrize("role", ["officer", "approver", "reader"])
    def test_whoever_is_no_evaluator_reads_and_does_not_write(self, client, evaluation, role):
        client.force_login(make.make_user(programme=evaluation.programme, role=role))
        page = client.get(reverse("evaluation-detail", args=[evaluation.pk]))
        assert page.status_code == 200
        assert "Edit texts" not in page.text
        assert post(client, evaluation, "evaluation-edit").status_code == 403
        assert post(client, evaluation, "finding-new").status_code == 403
        assert client.get(reverse("evaluation-new", args=[evaluation.run_id])).status_code == 403

    @pytest.mark.parametrize(
        ("ends_on", "may"), [(None, False), (date(2024, 6, 30), False), (date(2023, 12, 31), True)]
    )
    def test_whoever_worked_in_it_in_the_same_phase_may_not_evaluate(self, run, ends_on, may):
        """The factory programme runs from 2024 on."""
        both = make.make_user(programme=run.programme, role="evaluator")
        Membership.objects.create(
            user=both, programme=run.programme, role="approver", starts_on="2020-01-01", ends_on=ends_on
        )
        if may:
            assert start(run, both).lead == both
            return
        with pytest.raises(PermissionDenied, match="same phase"):
            start(run, both)
        with pytest.raises(DatabaseError, match="same phase"), transaction.atomic():
            Evaluation.objects.create(
                programme=run.programme, run=run, state="draft", title="T", question="Q", lead=both, created_by=both,
                created_at=make.AT,
            )  # fmt: skip

    def test_a_lead_who_works_there_cannot_be_named(self, client, run, officer):
        Membership.objects.create(
            user=officer, programme=run.programme, role="evaluator", starts_on="2020-01-01"
        )
        client.force_login(make.make_admin())
        page = client.post(
            reverse("evaluation-plan", args=["OWN"]),
            {"kind": "thematic", "title": "T", "question": "Q", "lead": officer.pk},
        )
        assert "same phase" in page.text
        assert not Evaluation.objects.exists()

    def test_a_stranger_finds_no_evaluation(self, client, evaluation):
        client.force_login(make.make_user(programme=make.make_programme(), role="evaluator"))
        assert client.get(reverse("evaluation-detail", args=[evaluation.pk])).status_code == 404
        assert post(client, evaluation, "evaluation-edit").status_code == 404


class TestRelease:
    def test_a_partner_viewer_reads_the_released_summary_and_nothing_else(self, client, evaluation):
        iraq = make.make_partner("IRQ")
        viewer = make.make_user("viewer", global_role="partner_viewer", partner=iraq)
        Evaluation.objects.update(summary="Half of the posts meet the standard.")
        evaluation.refresh_from_db()
        sign(evaluation)
        url = reverse("evaluation-detail", args=[evaluation.pk])
        client.force_login(viewer)
        assert client.get(url).status_code == 404
        evaluating.release_summary(evaluation=evaluation, partners=[iraq], by=make.make_admin(), at=make.AT)
        page = client.get(url).text
        assert "Half of the posts meet the standard." in page
        assert f"Releasable to {iraq.name}" in page
        assert "Inspect twice a year." not in page
        assert "Zelda" not in page
        listed = client.get(reverse("evaluation-list")).text
        assert evaluation.title in listed
        assert "Zelda" not in listed

    def test_neither_a_draft_nor_to_strangers(self, evaluation):
        iraq = make.make_partner("IRQ")
        admin = make.make_admin()
        with pytest.raises(ValidationError, match="Only a signed report"):
            evaluating.release_summary(evaluation=evaluation, partners=[iraq], by=admin, at=make.AT)
        signed = sign(evaluation)
        with pytest.raises(ValidationError, match="without a summary"):
            evaluating.release_summary(evaluation=signed, partners=[iraq], by=admin, at=make.AT)
        with pytest.raises(PermissionDenied):
            evaluating.release_summary(evaluation=signed, partners=[iraq], by=evaluation.lead, at=make.AT)

    def test_only_to_partners_of_the_programme(self, evaluation):
        Evaluation.objects.update(summary="Half of them.")
        signed, other = sign(evaluation), make.make_partner("JOR", framework="MD")
        with pytest.raises(ValidationError, match="no partner of this programme"):
            evaluating.release_summary(evaluation=signed, partners=[other], by=make.make_admin(), at=make.AT)


@pytest.mark.parametrize("n", [1, 6])
def test_queries_of_a_report_do_not_grow(n, client, evaluation, django_assert_num_queries):
    draft(evaluation, findings=n)
    client.force_login(make.make_user(programme=evaluation.programme, role="reader"))
    url = reverse("evaluation-detail", args=[evaluation.pk])
    client.get(url)  # the first page of a session also stores the session
    # session, person, menu; evaluation; findings with verdicts, evidence, comments; ratings; lessons with findings;
    # recommendations with findings, decisions; roles, right; refusals; comments, whom one can name
    with django_assert_num_queries(19):
        client.get(url)


@pytest.mark.parametrize("n", [1, 5])
def test_queries_of_the_list_do_not_grow(n, client, run, evaluator, django_assert_num_queries):
    for _number in range(n):
        start(run, evaluator)
    url = reverse("evaluation-list")
    client.get(url)
    # session, person, menu; programmes of the filter; count, rows
    with django_assert_num_queries(6):
        client.get(url)


def test_the_list_is_filtered(client, run, evaluator):
    first = start(run, evaluator)
    draft(first)
    evaluating.plan_evaluation(
        programme=run.programme, kind="thematic", title="On training", question="Q", lead=evaluator, by=evaluator,
        at=datetime(2025, 11, 1, tzinfo=UTC),
    )  # fmt: skip
    url = reverse("evaluation-list")
    assert "On training" in client.get(url).text
    assert "On training" not in client.get(url, {"state": "draft"}).text
    assert "On training" in client.get(url, {"kind": "thematic"}).text
    assert "On training" not in client.get(url, {"q": "half of the posts"}).text
    assert "No evaluation fits" in client.get(url, {"q": "quite another thing"}).text
    assert client.get(url, {"state": "nonsense", "programme": "NO"}).status_code == 200
