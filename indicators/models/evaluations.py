"""Judgement by people: evaluations on a pinned assessment, and what their report says (METHOD 4.5)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.assessments import AssessmentRun, Verdict
from indicators.models.observations import Evidence
from indicators.models.people import GlobalRole, User
from indicators.models.programmes import OfProgrammeQuerySet, Programme
from indicators.models.reference import Partner


class Confidence(models.TextChoices):
    """How sure the evaluators are."""

    HIGH = "high", _("High")
    MEDIUM = "medium", _("Medium")
    LOW = "low", _("Low")


class EvaluationQuerySet(OfProgrammeQuerySet):
    partner_viewers_see = False

    def visible_to(self, user: User) -> EvaluationQuerySet:
        """Those inside see all; a partner viewer what was signed and released to its nation (its summary alone)."""
        if user.is_authenticated and user.global_role == GlobalRole.PARTNER_VIEWER:
            seen = Programme.objects.visible_to(user).values("pk")
            return self.filter(
                programme__in=seen, state__in=Evaluation.SIGNED, releasable_to=user.partner_id
            ).exclude(summary="")
        return super().visible_to(user)


class Evaluation(models.Model):
    """An evaluators' answer to a question about a programme, resting on one pinned assessment."""

    class Kind(models.TextChoices):
        ON_THE_FLY = "on_the_fly", _("On-the-fly review")
        MID_TERM = "mid_term", _("Mid-term evaluation")
        END_OF_PHASE = "end_of_phase", _("End-of-phase evaluation")
        EX_POST_6 = "ex_post_6", _("Ex-post evaluation, 6 months on")
        EX_POST_12 = "ex_post_12", _("Ex-post evaluation, 12 months on")
        EX_POST_24 = "ex_post_24", _("Ex-post evaluation, 24 months on")
        THEMATIC = "thematic", _("Thematic evaluation")

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        RUNNING = "running", _("Running")
        DRAFT = "draft", _("Draft report")
        FACT_CHECK = "fact_check", _("Fact check")
        FINAL = "final", _("Final")
        RESPONSE_DUE = "response_due", _("Response due")
        FOLLOW_UP = "follow_up", _("Follow-up")
        CLOSED = "closed", _("Closed")

    WRITABLE = (State.RUNNING, State.DRAFT, State.FACT_CHECK)
    """The evaluators may change the report."""
    SIGNED = (State.FINAL, State.RESPONSE_DUE, State.FOLLOW_UP, State.CLOSED)
    """Nothing in the report changes any more."""

    programme = models.ForeignKey(
        Programme, verbose_name=_("programme"), on_delete=models.PROTECT, related_name="evaluations"
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.ON_THE_FLY)
    run = models.ForeignKey(
        AssessmentRun,
        verbose_name=_("assessment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="evaluations",
    )
    """Pinned when the work begins; from then on the same."""
    title = models.CharField(_("title"), max_length=200)
    scope = models.TextField(
        _("scope"), blank=True, help_text=_("Which period, places and objectives; what is left out.")
    )
    question = models.TextField(_("question"), help_text=_("What should this evaluation answer?"))
    judgement = models.TextField(_("answer"), blank=True, help_text=_("The answer, in a few sentences."))
    context = models.TextField(
        _("ownership and context"),
        blank=True,
        help_text=_("What the partner wanted and did itself; what happened around the programme."),
    )
    summary = models.TextField(
        _("summary for partners"),
        blank=True,
        help_text=_("All that a partner may read, once an administrator releases it. Name no other partner."),
    )
    due_on = models.DateField(_("report due"), null=True, blank=True)
    lead = models.ForeignKey(User, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="+")

    state = models.CharField(max_length=12, choices=State, default=State.PLANNED)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    fact_check_until = models.DateField(null=True, blank=True)
    facts_checked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    facts_checked_at = models.DateTimeField(null=True, blank=True)
    signed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    signed_at = models.DateTimeField(null=True, blank=True)
    response_due_on = models.DateField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    report = models.JSONField(null=True, blank=True)
    """Everything that was signed, in canonical form; the hash is taken of it."""
    releasable_to = models.ManyToManyField(Partner, related_name="+", blank=True)
    """Nations whose viewers read the summary."""

    objects = EvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="evaluation_final_is_signed",
                condition=Q(state__in=["planned", "running", "draft", "fact_check"])
                | (
                    Q(signed_by__isnull=False, signed_at__isnull=False)
                    & ~Q(content_hash="")
                    & ~Q(judgement="")
                ),
            ),
            models.CheckConstraint(
                name="evaluation_rests_on_an_assessment",
                condition=Q(state="planned") | Q(run__isnull=False),
            ),
            models.CheckConstraint(
                name="evaluation_facts_checked_by_and_at",
                condition=Q(facts_checked_by__isnull=True, facts_checked_at__isnull=True)
                | Q(facts_checked_by__isnull=False, facts_checked_at__isnull=False),
            ),
        ]
        indexes = [
            # The list of what waits for a response.
            models.Index(
                name="evaluation_waits",
                fields=["response_due_on"],
                condition=Q(state__in=["final", "response_due"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("evaluation-detail", args=[self.pk])

    @property
    def is_signed(self) -> bool:
        return self.state in self.SIGNED

    @property
    def is_writable(self) -> bool:
        return self.state in self.WRITABLE


class OfEvaluationQuerySet(OfProgrammeQuerySet):
    programme_path = "evaluation__programme"
    partner_viewers_see = False


class Finding(models.Model):
    """A fact established by evidence: it cites at least one verdict or a piece of evidence."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="findings")
    statement = models.TextField(_("finding"))
    confidence = models.CharField(
        _("confidence"), max_length=6, choices=Confidence, default=Confidence.MEDIUM
    )
    confidence_reason = models.CharField(_("why so sure, or not surer"), max_length=300, blank=True)
    verdicts = models.ManyToManyField(
        Verdict, verbose_name=_("rests on"), related_name="findings", blank=True
    )
    evidence = models.ManyToManyField(
        Evidence, verbose_name=_("evidence"), related_name="findings", blank=True
    )

    number: int
    """Its place in the report, from 1; given by whoever loads a report."""

    objects = OfEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]

    def __str__(self) -> str:
        return self.statement


class CriterionRating(models.Model):
    """One of the six criteria of OECD DAC, rated on six points or not rated; either way with the reason."""

    class Criterion(models.TextChoices):
        RELEVANCE = "relevance", _("Relevance")
        COHERENCE = "coherence", _("Coherence")
        EFFECTIVENESS = "effectiveness", _("Effectiveness")
        EFFICIENCY = "efficiency", _("Efficiency")
        IMPACT = "impact", _("Impact")
        SUSTAINABILITY = "sustainability", _("Sustainability")

    class Rating(models.IntegerChoices):
        HIGHLY_SATISFACTORY = 6, _("Highly satisfactory")
        SATISFACTORY = 5, _("Satisfactory")
        MODERATELY_SATISFACTORY = 4, _("Moderately satisfactory")
        MODERATELY_UNSATISFACTORY = 3, _("Moderately unsatisfactory")
        UNSATISFACTORY = 2, _("Unsatisfactory")
        HIGHLY_UNSATISFACTORY = 1, _("Highly unsatisfactory")

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="ratings")
    criterion = models.CharField(_("criterion"), max_length=14, choices=Criterion)
    rating = models.PositiveSmallIntegerField(_("rating"), choices=Rating, null=True, blank=True)
    """None: not rated, and `reason` says why."""
    reason = models.TextField(_("reason"))

    objects = OfEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]
        constraints = [
            models.UniqueConstraint(name="criterion_rated_once", fields=["evaluation", "criterion"]),
            models.CheckConstraint(name="criterion_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="criterion_on_six_points",
                condition=Q(rating__isnull=True) | Q(rating__gte=1, rating__lte=6),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_criterion_display()}: {self.get_rating_display() or _('Not rated')}"


class LessonQuerySet(OfEvaluationQuerySet):
    def visible_to(self, user: User) -> LessonQuerySet:
        """Those of one's programmes; of others what was approved and shared. Partner viewers see none."""
        if not user.is_authenticated or user.global_role == GlobalRole.PARTNER_VIEWER:
            return self.none()
        if user.sees_everything:
            return self
        own = Q(evaluation__programme__in=Programme.objects.visible_to(user).values("pk"))
        return self.filter(own | Q(is_shared=True, state__in=Lesson.SHARED))


class Lesson(models.Model):
    """What others may learn from a finding; it has a life of its own after the report is signed."""

    class State(models.TextChoices):
        SUBMITTED = "submitted", _("Submitted")
        VERIFIED = "verified", _("Verified")
        APPROVED = "approved", _("Approved")
        ACTION = "action", _("In action")
        CLOSED = "closed", _("Closed")
        REJECTED = "rejected", _("Rejected")
        ARCHIVED = "archived", _("Archived")

    SHARED = (State.APPROVED, State.ACTION, State.CLOSED)
    """Read beyond its programme, if it is shared."""

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="lessons")
    statement = models.TextField(_("lesson"))
    tags = models.JSONField(_("tags"), default=list, blank=True)
    findings = models.ManyToManyField(Finding, verbose_name=_("learnt from"), related_name="lessons")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")

    state = models.CharField(max_length=10, choices=State, default=State.SUBMITTED)
    state_reason = models.TextField(blank=True)
    is_shared = models.BooleanField(default=False)

    number: int
    """Its place in the report, from 1; given by whoever loads a report."""
    finding_numbers: list[tuple[int, int]]
    """Place and key of the findings that it follows from; given likewise."""

    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]

    def __str__(self) -> str:
        return self.statement


class Recommendation(models.Model):
    """A proposed action that follows from findings."""

    class Priority(models.TextChoices):
        HIGH = "high", _("High")
        MEDIUM = "medium", _("Medium")
        LOW = "low", _("Low")

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="recommendations")
    findings = models.ManyToManyField(Finding, verbose_name=_("follows from"), related_name="recommendations")
    statement = models.TextField(_("recommendation"))
    addressee = models.CharField(_("addressee"), max_length=120)
    priority = models.CharField(_("priority"), max_length=6, choices=Priority, default=Priority.MEDIUM)
    due_on = models.DateField(_("to be done by"), null=True, blank=True)

    number: int
    """Its place in the report, from 1; given by whoever loads a report."""
    finding_numbers: list[tuple[int, int]]
    """Place and key of the findings that it follows from; given likewise."""

    objects = OfEvaluationQuerySet.as_manager()

    class Meta:
        ordering = ["evaluation_id", "pk"]

    def __str__(self) -> str:
        return self.statement


class OfFindingQuerySet(OfProgrammeQuerySet):
    programme_path = "finding__evaluation__programme"
    partner_viewers_see = False


class FactComment(models.Model):
    """What the programme's people say of the facts in a finding, and what the evaluators answer."""

    class Answer(models.TextChoices):
        CHANGED = "changed", _("Changed")
        PARTLY = "partly", _("Partly changed")
        KEPT = "kept", _("Kept")

    finding = models.ForeignKey(Finding, on_delete=models.PROTECT, related_name="comments")
    text = models.TextField(_("comment"))
    about_statement = models.TextField()
    """The finding as it read when it was commented on."""
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    answer = models.CharField(_("answer"), max_length=8, choices=Answer, blank=True)
    answer_text = models.TextField(_("why"), blank=True)
    answered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = OfFindingQuerySet.as_manager()

    class Meta:
        ordering = ["finding_id", "pk"]
        constraints = [
            models.CheckConstraint(name="fact_comment_says_something", condition=~Q(text="")),
            models.CheckConstraint(
                name="fact_comment_answered_as_a_whole",
                condition=Q(answer="", answered_by__isnull=True, answered_at__isnull=True)
                | (
                    ~Q(answer="")
                    & ~Q(answer_text="")
                    & Q(answered_by__isnull=False, answered_at__isnull=False)
                ),
            ),
            models.CheckConstraint(
                name="fact_comment_four_eyes",
                condition=Q(answered_by__isnull=True) | ~Q(answered_by=F("by")),
            ),
        ]

    def __str__(self) -> str:
        return self.text
