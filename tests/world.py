"""Two programmes with everything in them, and one person of each kind: who sees what is asked against this."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from indicators import derived
from indicators.assessment import rating as verbs
from indicators.assessment.rating_parts import GivenItem, GivenRival
from indicators.events import remember
from indicators.models import (
    AdjustmentDecision,
    Alert,
    AssessmentRun,
    AssessmentSchedule,
    Assumption,
    Comment,
    CompositeIndex,
    ContextRelease,
    ContextSeries,
    ContextValue,
    ContributionRating,
    Course,
    CourseRun,
    DesignVersion,
    Document,
    DueAssessment,
    EntryException,
    Evaluation,
    Evidence,
    ExPostPlan,
    FactComment,
    FileImport,
    Finding,
    IatiImport,
    ImportRow,
    IndexComponent,
    IndexVersion,
    Lesson,
    ManagementResponse,
    Membership,
    Objective,
    PlannedIndicator,
    Programme,
    Recommendation,
    Role,
    State,
    TargetProposal,
    User,
    Verdict,
)
from indicators.programmes.profiles import Said, describe_partner
from tests import factories as make


@dataclass
class World:
    """`own` and `other` are the two programmes; `people` the cast, all of them around `own`."""

    own: SimpleNamespace
    other: SimpleNamespace
    people: dict[str, User | None] = field(default_factory=dict)
    clients: dict[str, Any] = field(default_factory=dict)


def make_world() -> World:
    """Members belong to `own`, the stranger to `other`. Only one indicator of `own` is releasable to Iraq."""
    admin = make.make_admin("admin")
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR", framework="MD")
    own, other = _programme("OWN", iraq, admin), _programme("OTHER", jordan, admin)
    people: dict[str, User | None] = {
        "anonymous": None,
        "admin": admin,
        "officer": make.make_user("officer", programme=own.programme, role=Role.OFFICER),
        "validator": make.make_user("validator", programme=own.programme, role=Role.VALIDATOR),
        "approver": make.make_user("approver", programme=own.programme, role=Role.APPROVER),
        "evaluator": make.make_user("evaluator", programme=own.programme, role=Role.EVALUATOR),
        "reader": make.make_user("reader", programme=own.programme, role=Role.READER),
        "former": make.make_user("former"),
        "stranger": make.make_user("stranger", programme=other.programme, role=Role.OFFICER),
        "partner": make.make_user("partner", global_role="partner_viewer", partner=iraq),
        "other_partner": make.make_user("other_partner", global_role="partner_viewer", partner=jordan),
        "regional": make.make_user("regional", global_role="regional_viewer"),
        "auditor": make.make_user("auditor", global_role="auditor"),
    }
    Membership.objects.create(
        user=people["former"],
        programme=own.programme,
        role=Role.OFFICER,
        starts_on=date(2024, 1, 1),
        ends_on=date(2025, 1, 31),
    )
    own.indicator.releasable_to.add(iraq)
    for place, by in ((own, people["officer"]), (other, people["stranger"])):
        assert by is not None
        place.remark = Comment.objects.create(
            indicator=place.indicator, text=f"Remark {place.programme.code}", by=by, at=make.AT
        )
    own.document.requested_by = people["officer"]  # of the cast: one reads one's own documents alone
    own.document.save(update_fields=["requested_by"])
    return World(own=own, other=other, people=people)


def _programme(code: str, partner: Any, admin: User) -> SimpleNamespace:
    programme: Programme = make.make_programme(code, partners=[partner], name=f"Programme {code}")
    draft_design = DesignVersion.objects.create(programme=programme, number=2, created_by=admin)
    objective = Objective.objects.create(
        design=draft_design, code="OC1", level="outcome", statement="It is better."
    )
    quarters = make.make_quarters(programme)
    unit = make.make_unit(programme, f"{code}-U", partner=partner)
    indicator = make.make_indicator(programme, units=[unit], local_name=f"Open figure {code}")
    secret = make.make_indicator(programme, local_name=f"Inner figure {code}")
    officer = make.make_user(f"writer-{code}", programme=programme, role=Role.OFFICER)
    approved = make.make_observation(
        indicator, quarters[-1], unit=unit, entered_by=officer, comment=f"Comment {code}"
    )
    submitted = make.make_observation(
        indicator, quarters[-2], unit=unit, entered_by=officer, state=State.SUBMITTED
    )
    draft = make.make_observation(indicator, quarters[-3], unit=unit, entered_by=officer, state=State.DRAFT)
    inner = make.make_observation(secret, quarters[-1], entered_by=officer)
    content = b"%PDF-1.4 of " + code.encode()
    evidence = Evidence(
        observation=approved, kind="file", name=f"Sheet {code}.pdf", sha256=sha256(content).hexdigest(),
        content_type="application/pdf", size=len(content), added_by=officer, added_at=make.AT,
    )  # fmt: skip
    evidence.file.save("sheet.pdf", ContentFile(content))
    with transaction.atomic():
        derived.refresh({(o.indicator_id, o.period_id) for o in (approved, inner)}, at=make.AT)
    remember("approved", by=admin, at=make.AT, about=approved, programme=programme)
    plan = ExPostPlan.objects.create(
        programme=programme, number=1, starts_on=programme.starts_on, ends_on=programme.ends_on, question="Did it?",
        follow_up_months=[0, 12], collects="Office", drafted_by=officer, drafted_at=make.AT,
    )  # fmt: skip
    PlannedIndicator.objects.create(
        plan=plan, position=1, indicator=secret, method="contribution_rating", proposed="contribution_rating",
        smallest_change=Decimal(5),
    )  # fmt: skip
    profile = describe_partner(
        partner=partner, number=0, reason="First description.", by=admin, at=make.AT,
        entries={
            "security": Said(text=f"Calm in {code}.", source="A report", source_on=date(2025, 1, 1), confidence="low")
        },
    )  # fmt: skip
    file_import = _file(programme, indicator, officer)
    course = Course.objects.create(programme=programme, code=f"{code}-C", title="A course", topic="cyber")
    run = CourseRun.objects.create(
        course=course, code="R1", starts_on=date(2025, 3, 3), ends_on=date(2025, 3, 7), seats=20
    )
    contribution_rating = _contribution(programme, secret)
    composite = _index(programme, indicator, admin)
    make.make_index(programme, [indicator, secret], name=f"Inner index {code}")
    return SimpleNamespace(
        programme=programme,
        partner=partner,
        composite=composite,
        objective=objective,
        assumption=Assumption.objects.create(design=draft_design, kind="risk", statement="It may fail."),
        unit=unit,
        period=quarters[-1],
        indicator=indicator,
        secret=secret,
        approved=approved,
        submitted=submitted,
        draft=draft,
        evidence=evidence,
        draft_evidence=Evidence.objects.create(
            observation=draft, kind="elsewhere", name=f"Archive {code}", added_by=officer, added_at=make.AT
        ),
        expost_plan=plan,
        contribution_rating=contribution_rating,
        course=course,
        course_run=run,
        exception=EntryException.objects.create(
            period=quarters[-1],
            user=officer,
            until=date(2099, 1, 1),
            reason="The sheet came late.",
            granted_by=admin,
            granted_at=make.AT,
        ),
        file_import=file_import,
        iati_import=_iati(admin, code),
        document=_document(programme, officer),
        profile=profile,
        membership=Membership.objects.filter(programme=programme).first(),
        alert=Alert.objects.create(
            indicator=indicator,
            rule="outside",
            is_high=True,
            first_on=quarters[-1].starts_on,
            last_on=quarters[-1].ends_on,
            points=1,
            method="XmR",
            opened_at=make.AT,
            text={"template": "%(period)s lies above the upper limit.", "params": {"period": "2025 Q3"}},
        ),
        proposal=TargetProposal.objects.create(
            indicator=indicator,
            based_on=indicator.plan,
            plan={},
            on_track_from=Decimal("0.8"),
            proposed_by=admin,
            at_risk_from=Decimal("0.6"),
            effective_on=make.AT.date(),
            reason_code="context",
            reason="A slow start.",
            proposed_at=make.AT,
        ),
        series=_series(partner),
        schedule=AssessmentSchedule.objects.create(programme=programme, follow_up_months=[0, 6]),
        **_assessment(programme, indicator, secret, admin, composite),
    )


def _contribution(programme: Programme, indicator: Any) -> ContributionRating:
    """Both ratings of a round, handed in by people who do nothing else here."""
    rows = []
    for number in (1, 2):
        rater = make.make_user(f"rater{number}-{programme.code}", programme=programme, role=Role.EVALUATOR)
        row = verbs.record_contribution_rating(
            indicator=indicator, rating=1, reasons=f"Reasons {programme.code}", by=rater, at=make.AT,
            items=[GivenItem(claim="plausible_theory", statement=f"Statement {programme.code}", source="A")],
            rivals=[GivenRival(name=f"Rival {programme.code}")],
        )  # fmt: skip
        rows.append(
            verbs.submit_contribution_rating(rating=row, row_version=row.row_version, by=rater, at=make.AT)
        )
    return rows[0]


def _document(programme: Programme, officer: User) -> Document:
    """A report that the officer asked for, ready to be taken."""
    content = b"%PDF-1.7 " + programme.code.encode()
    return Document.objects.create(
        kind="programme", key=programme.code, format="pdf", language="en", programme=programme,
        title=f"Report {programme.code}", requested_by=officer, requested_at=make.AT, state="ready", done=3,
        content=content, size=len(content), sha256=sha256(content).hexdigest(), inputs_hash="0" * 64,
        made_at=make.AT,
    )  # fmt: skip


def _file(programme: Programme, indicator: Any, officer: User) -> FileImport:
    """A file that was checked, with one row that is refused."""
    content = b"indicator,period,value\nXX-1,2025 Q3,5\n"
    layout = {
        "header": 1,
        "columns": ["indicator", "period", "value"],
        "names": ["indicator", "period", "value"],
    }
    made = FileImport(
        programme=programme, name=f"Figures {programme.code}.csv", sha256=sha256(content).hexdigest(),
        size=len(content), by=officer, at=make.AT, state="checked", layout=layout, checked_at=make.AT,
        counts={"kinds": {"new": 0, "changed": 0, "corrected": 0, "same": 0, "problem": 1}, "words": []},
    )  # fmt: skip
    made.file.save("figures.csv", ContentFile(content))
    problem = {"column": "indicator", "given": "XX-1", "message": f"Not of {indicator.definition.code}."}
    ImportRow.objects.create(file_import=made, row=2, kind="problem", problems=[problem])
    return made


def _iati(admin: User, code: str) -> IatiImport:
    """A file that was checked and would bring something."""
    content = b'<iati-activities version="2.03"/>'
    figures = {"new": 1, "corrected": 0, "same": 0, "left_out": 0}
    counts = {"new": 1, "same": 0, "refused": 0, "figures": figures}
    activity = counts | {"identifier": f"XX-1-{code}", "code": code}
    return IatiImport.objects.create(
        name=f"{code}.xml", content=content, sha256=sha256(content).hexdigest(), size=len(content), by=admin,
        at=make.AT, state="checked", checked_at=make.AT,
        outcome=counts | {"changes_nothing": False, "activities": [activity]},
    )  # fmt: skip


def _index(programme: Programme, indicator: Any, admin: User) -> CompositeIndex:
    """Of the one releasable figure alone, which no page would let pass: so that a partner viewer sees an index."""
    index = CompositeIndex.objects.create(programme=programme, name=f"Index {programme.code}")
    version = IndexVersion.objects.create(
        index=index, number=1, purpose="One look.", across="programme", aggregation="geometric", reason="Asked for.",
        created_by=admin, created_at=make.AT,
    )  # fmt: skip
    IndexComponent.objects.create(version=version, indicator=indicator, reads="level", low=0, high=100)
    index.current = version
    index.save(update_fields=["current"])
    return index


def _series(partner: Any) -> ContextSeries:
    series, _made = ContextSeries.objects.get_or_create(
        code="WGI-CC",
        defaults={
            "name": "Control of corruption",
            "publisher": "A publisher",
            "unit": "score",
            "licence": "CC BY 4.0",
        },
    )
    release, _made = ContextRelease.objects.get_or_create(
        series=series, vintage="2024", defaults={"retrieved_on": date(2025, 1, 1), "source": "A file"}
    )
    ContextValue.objects.create(
        release=release,
        partner=partner,
        starts_on=date(2023, 1, 1),
        ends_on=date(2023, 12, 31),
        value=Decimal("-1.2"),
    )
    return series


def _assessment(
    programme: Programme, indicator: Any, secret: Any, admin: User, composite: Any
) -> dict[str, Any]:
    from indicators.assessment.indices import draft_index, read_indices
    from indicators.engine.codec import canonical_hash, judgement_to_json, snapshot_to_json
    from indicators.engine.judge import judge
    from indicators.snapshots import load_indicators, load_snapshots

    now = timezone.now()
    due = DueAssessment.objects.create(
        programme=programme,
        kind="on_the_fly",
        as_of=make.AT.date(),
        label="2025 Q3",
        due_at=now - timedelta(days=1),
        state="done",
    )
    run = AssessmentRun.objects.create(
        programme=programme, due=due, kind="on_the_fly", as_of=due.as_of, label=due.label, revision=1,
        input_hash="0" * 64, method_version="1.0", software_version="0", started_at=now, finished_at=now, reported=2,
        expected=2, counts={"on_track": 1, "off_track": 1},
    )  # fmt: skip
    verdicts = []
    for pk, snapshot in load_snapshots(load_indicators([indicator.pk, secret.pk]), as_of=due.as_of).items():
        inputs, judgement = snapshot_to_json(snapshot), judge(snapshot)
        verdicts.append(
            Verdict.objects.create(
                run=run,
                indicator_id=pk,
                method="judge",
                status=judgement.status.value,
                value=judgement.value or Decimal(50),
                inputs=inputs,
                result=judgement_to_json(judgement),
                input_hash=canonical_hash(inputs),
                result_hash="0" * 64,
            )
        )
    index_results = [draft_index(one) for one in read_indices(programme, run.kind, run.as_of)]
    for result in index_results:
        result.run = run
        result.save()
    evaluation = Evaluation.objects.create(
        programme=programme, run=run, state="fact_check", title="A review", question="Does it work?", lead=admin,
        created_by=admin, created_at=now, fact_check_until=make.AT.date(),
    )  # fmt: skip
    finding = Finding.objects.create(evaluation=evaluation, statement="It works.")
    finding.verdicts.set(verdicts)
    recommendation = Recommendation.objects.create(
        evaluation=evaluation, statement="Go on.", addressee="The programme"
    )
    recommendation.findings.add(finding)
    lesson = Lesson.objects.create(evaluation=evaluation, statement="Begin early.", created_by=admin)
    lesson.findings.add(finding)
    comment = FactComment.objects.create(
        finding=finding, text="It is more.", about_statement="It works.", by=admin, at=now
    )
    response = ManagementResponse.objects.create(
        recommendation=recommendation,
        answer="rejected",
        reason="No money.",
        responded_by=admin,
        responded_at=now,
    )
    decision = AdjustmentDecision.objects.create(
        programme=programme, kind="retarget", rationale="As advised.", decided_by=admin, decided_at=now
    )
    decision.recommendations.add(recommendation)
    waiting = DueAssessment.objects.create(
        programme=programme, kind="on_the_fly", as_of=make.AT.date(), request=1, label="asked", due_at=now
    )
    return {
        "due": waiting,
        "run": run,
        "verdict": verdicts[0],
        "index_result": next(one for one in index_results if one.version_id == composite.current_id),
        "evaluation": evaluation,
        "finding": finding,
        "recommendation": recommendation,
        "lesson": lesson,
        "comment": comment,
        "decision": decision,
        "response": response,
    }
