"""Where nothing can be computed: two people's ratings of a contribution, each on evidence and rival explanations."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from indicators.models.assessments import Verdict
from indicators.models.observations import Evidence, Observation
from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet
from indicators.models.tailoring import ProgrammeIndicator

RATERS = 2
"""So many people judge, each on their own (METHOD 2.10)."""


class Claim(models.TextChoices):
    """What a piece of evidence is about; the words for the engine's `Claim`."""

    PLAUSIBLE_THEORY = "plausible_theory", _("The programme can plausibly lead to this change")
    ACTIVITIES_DELIVERED = "activities_delivered", _("The activities were delivered")
    SEQUENCE_FITS = "sequence_fits", _("The change came after the activities, and where they were")
    INTERMEDIATE_OUTCOMES = "intermediate_outcomes", _("The steps in between happened")
    INDEPENDENT_SUPPORT = "independent_support", _("A source outside the programme supports it")


class RivalJudgement(models.TextChoices):
    """How far another explanation accounts for the change; the words for the engine's `RivalJudgement`."""

    NOT_EXAMINED = "not_examined", _("not examined yet")
    DOES_NOT_EXPLAIN = "does_not_explain", _("does not explain it")
    EXPLAINS_PART = "explains_part", _("explains part of it")
    EXPLAINS_IT = "explains_it", _("explains it")
    CANNOT_TELL = "cannot_tell", _("cannot tell")


class ContributionReviewQuerySet(OfProgrammeQuerySet):
    programme_path = "indicator__programme"
    partner_viewers_see = False  # Evaluations are for those inside.

    def complete(self) -> ContributionReviewQuerySet:
        """Those with both ratings handed in."""
        handed_in = Count("ratings", filter=Q(ratings__state=ContributionRating.State.SUBMITTED))
        return self.annotate(handed_in=handed_in).filter(handed_in=RATERS)


class ContributionReview(models.Model):
    """One round in which two people rate how far the programme contributed to a change."""

    indicator = models.ForeignKey(
        ProgrammeIndicator, on_delete=models.PROTECT, related_name="contribution_reviews"
    )
    number = models.PositiveIntegerField()
    reason = models.TextField(_("why it is rated again"), blank=True)
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()

    reconciled = models.PositiveSmallIntegerField(_("reconciled rating"), null=True, blank=True)
    reconciled_reason = models.TextField(_("why this rating"), blank=True)
    reconciled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reconciled_at = models.DateTimeField(null=True, blank=True)
    reconciled_hash = models.CharField(max_length=64, blank=True)

    objects = ContributionReviewQuerySet.as_manager()

    class Meta:
        ordering = ["indicator_id", "-number"]
        constraints = [
            models.UniqueConstraint(name="contribution_round_once", fields=["indicator", "number"]),
            models.CheckConstraint(
                name="contribution_again_has_a_reason", condition=Q(number=1) | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="contribution_reconciled_with_a_reason",
                condition=Q(
                    reconciled__isnull=True, reconciled_by__isnull=True, reconciled_at__isnull=True,
                    reconciled_reason="", reconciled_hash="",
                )
                | Q(reconciled__lte=4, reconciled_by__isnull=False, reconciled_at__isnull=False)
                & ~Q(reconciled_reason="") & ~Q(reconciled_hash=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.indicator}: contribution, round {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("contribution-detail", args=[self.indicator.programme.code, self.indicator_id])


class ContributionRatingQuerySet(OfProgrammeQuerySet):
    programme_path = "review__indicator__programme"
    partner_viewers_see = False

    def visible_to(self, user: User) -> ContributionRatingQuerySet:
        """One's own; anybody else's only when both are handed in, so that nobody is led by the other."""
        seen = super().visible_to(user)
        if not user.is_authenticated:
            return seen
        waiting = ContributionRating.objects.filter(review=OuterRef("review")).exclude(pk=OuterRef("pk"))
        other = waiting.filter(state=ContributionRating.State.SUBMITTED)
        return seen.filter(Q(rater=user) | Q(Exists(other), state=ContributionRating.State.SUBMITTED))


class ContributionRating(models.Model):
    """One person's rating, 0 to 4, with the evidence and the rival explanations that they looked at."""

    class State(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Handed in")

    review = models.ForeignKey(ContributionReview, on_delete=models.PROTECT, related_name="ratings")
    seat = models.PositiveSmallIntegerField()
    """1 or 2: the database itself has no third."""
    rater = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    rating = models.PositiveSmallIntegerField(_("rating"), null=True, blank=True)
    reasons = models.TextField(_("reasons"), blank=True)

    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    row_version = models.PositiveIntegerField(default=1)
    begun_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)

    objects = ContributionRatingQuerySet.as_manager()

    class Meta:
        ordering = ["review_id", "seat"]
        constraints = [
            models.UniqueConstraint(name="contribution_two_different_raters", fields=["review", "rater"]),
            models.UniqueConstraint(name="contribution_seat_once", fields=["review", "seat"]),
            models.CheckConstraint(
                name="contribution_two_seats", condition=Q(seat__gte=1, seat__lte=RATERS)
            ),
            models.CheckConstraint(
                name="contribution_rating_0_to_4", condition=Q(rating__isnull=True) | Q(rating__lte=4)
            ),
            models.CheckConstraint(
                name="contribution_handed_in_whole",
                condition=Q(state="draft", submitted_at__isnull=True, content_hash="")
                | Q(state="submitted", submitted_at__isnull=False, rating__isnull=False)
                & ~Q(reasons="") & ~Q(content_hash=""),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.review} ({self.rater})"

    def get_absolute_url(self) -> str:
        return self.review.get_absolute_url()

    @property
    def is_submitted(self) -> bool:
        return self.state == self.State.SUBMITTED


class OfRatingQuerySet(models.QuerySet["ContributionEvidence"]):
    def visible_to(self, user: User) -> OfRatingQuerySet:
        return self.filter(rating__in=ContributionRating.objects.visible_to(user).values("pk"))


class ContributionEvidence(models.Model):
    """A piece of evidence: what it shows, for or against which claim, how strongly, and where it can be looked up."""

    class Strength(models.IntegerChoices):
        WEAK = 1, _("weak")
        MODERATE = 2, _("moderate")
        STRONG = 3, _("strong")

    rating = models.ForeignKey(ContributionRating, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveSmallIntegerField()
    claim = models.CharField(_("what it is about"), max_length=24, choices=Claim)
    speaks_for = models.BooleanField(_("speaks for it"), default=True)
    strength = models.PositiveSmallIntegerField(_("strength"), choices=Strength, default=Strength.MODERATE)
    statement = models.TextField(_("what it shows"))
    observation = models.ForeignKey(
        Observation, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict = models.ForeignKey(Verdict, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(_("source"), max_length=300, blank=True)
    link = models.URLField(_("web address"), max_length=500, blank=True)

    objects = OfRatingQuerySet.as_manager()

    class Meta:
        ordering = ["rating_id", "position"]
        constraints = [
            models.UniqueConstraint(name="contribution_evidence_in_order", fields=["rating", "position"]),
            models.CheckConstraint(
                name="contribution_evidence_strength", condition=Q(strength__gte=1, strength__lte=3)
            ),
            models.CheckConstraint(
                name="contribution_evidence_rests_on_one_thing",
                condition=Q(observation__isnull=False, evidence__isnull=True, verdict__isnull=True, source="")
                | Q(observation__isnull=True, evidence__isnull=False, verdict__isnull=True, source="")
                | Q(observation__isnull=True, evidence__isnull=True, verdict__isnull=False, source="")
                | Q(observation__isnull=True, evidence__isnull=True, verdict__isnull=True) & ~Q(source=""),
                violation_error_message=_("Evidence rests on one thing that can be looked up."),
            ),
            models.CheckConstraint(
                name="contribution_evidence_says_something", condition=~Q(statement="")
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.statement

    def reference(self) -> str:
        """What it rests on as one word, e.g. ``observation:12``; the words of a cited source otherwise."""
        for kind in ("observation", "evidence", "verdict"):
            if (pk := getattr(self, f"{kind}_id")) is not None:
                return f"{kind}:{pk}"
        return self.source


class RivalExplanation(models.Model):
    """What else may have brought the change about, how plausible it is, and how that was examined."""

    class Plausibility(models.TextChoices):
        HIGH = "high", _("very plausible")
        MEDIUM = "medium", _("plausible")
        LOW = "low", _("hardly plausible")

    rating = models.ForeignKey(ContributionRating, on_delete=models.CASCADE, related_name="rivals")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(_("other explanation"), max_length=200)
    plausibility = models.CharField(
        _("how plausible"), max_length=6, choices=Plausibility, default=Plausibility.MEDIUM
    )
    judgement = models.CharField(
        _("what came out"), max_length=20, choices=RivalJudgement, default=RivalJudgement.NOT_EXAMINED
    )
    examined = models.TextField(_("how it was examined"), blank=True)

    objects = OfRatingQuerySet.as_manager()

    class Meta:
        ordering = ["rating_id", "position"]
        constraints = [
            models.UniqueConstraint(name="rival_in_order", fields=["rating", "position"]),
            models.CheckConstraint(name="rival_has_a_name", condition=~Q(name="")),
            models.CheckConstraint(
                name="rival_judgement_was_examined",
                condition=Q(judgement="not_examined") | ~Q(examined=""),
                violation_error_message=_("A judgement about another explanation says how it was examined."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_main(self) -> bool:
        """One that a reader would think of: it has to be examined before a rating of 3."""
        return self.plausibility != self.Plausibility.LOW
