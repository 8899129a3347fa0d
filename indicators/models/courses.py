"""Courses, their runs and their registers: pseudonymous people, tests, reactions, follow-ups. No arithmetic.

What a register says of a person is a fact: it is never changed, a newer row takes its place (`superseded_at`). Rows
about persons are removed as a whole some time after the run (METHOD 4.7); the database refuses any other removal.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from indicators.models.people import User
from indicators.models.programmes import OfProgrammeQuerySet, Programme, ReportingUnit
from indicators.models.reference import Partner


class Course(models.Model):
    """A course that a programme gives more than once."""

    class Topic(models.TextChoices):
        CYBER = "cyber", _("Cyber security")
        MARITIME = "maritime", _("Maritime security")
        BORDER = "border", _("Border security")
        INFRASTRUCTURE = "infrastructure", _("Critical infrastructure protection")
        OTHER = "other", _("Other")

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="courses")
    code = models.CharField(_("code"), max_length=30)
    title = models.CharField(_("title"), max_length=160)
    topic = models.CharField(_("topic"), max_length=16, choices=Topic)

    objects = OfProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["programme_id", "code"]
        constraints = [models.UniqueConstraint(name="course_code_once", fields=["programme", "code"])]

    def __str__(self) -> str:
        return self.title


class OfCourseQuerySet(OfProgrammeQuerySet):
    programme_path = "course__programme"


class CourseRun(models.Model):
    """One time that a course was given."""

    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="runs")
    code = models.CharField(_("code"), max_length=40)
    starts_on = models.DateField(_("starts on"))
    ends_on = models.DateField(_("ends on"))
    seats = models.PositiveSmallIntegerField(_("seats offered"))
    unit = models.OneToOneField(
        ReportingUnit, on_delete=models.PROTECT, related_name="course_run", null=True, blank=True
    )
    cost = models.DecimalField(
        _("direct cost in EUR"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    pass_mark = models.DecimalField(
        _("pass mark in percent of the maximum"), max_digits=5, decimal_places=2, null=True, blank=True
    )
    hours_total = models.DecimalField(
        _("hours of instruction"), max_digits=7, decimal_places=2, null=True, blank=True
    )
    hours_regional = models.DecimalField(
        _("of these by instructors of the region"), max_digits=7, decimal_places=2, null=True, blank=True
    )

    register_version = models.PositiveIntegerField(default=1, editable=False)
    """Rises with every change of the register: two people at once see it."""
    removed_at = models.DateTimeField(null=True, blank=True, editable=False)
    """When the rows about persons were removed."""

    objects = OfCourseQuerySet.as_manager()

    class Meta:
        ordering = ["course_id", "starts_on"]
        constraints = [
            models.UniqueConstraint(name="course_run_code_once", fields=["course", "code"]),
            models.CheckConstraint(name="course_run_dates", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(name="course_run_cost", condition=Q(cost__isnull=True) | Q(cost__gte=0)),
            models.CheckConstraint(
                name="course_run_pass_mark",
                condition=Q(pass_mark__isnull=True) | Q(pass_mark__gte=0, pass_mark__lte=100),
            ),
            models.CheckConstraint(
                name="course_run_hours",
                condition=Q(hours_total__isnull=True, hours_regional__isnull=True)
                | Q(hours_total__gte=0, hours_regional__isnull=True)
                | Q(hours_total__gte=F("hours_regional"), hours_regional__gte=0),
                violation_error_message=_("Hours by instructors of the region are part of all hours."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.course} {self.starts_on:%b %Y}"


class OfRunQuerySet(OfProgrammeQuerySet):
    programme_path = "run__course__programme"
    partner_viewers_see = False  # Persons, though under pseudonyms.


class AgeBand(models.TextChoices):
    """The age on the first day; a birth date is never kept."""

    UNDER_30 = "<30", _("under 30")
    FROM_30 = "30-39", _("30–39")
    FROM_30_TO_35 = "30-35", _("30–35")
    FROM_36 = "36-39", _("36–39")
    FROM_40 = "40+", _("40 and over")


class Enrolment(models.Model):
    """A participant under a pseudonym. The key to the name is kept elsewhere (METHOD 4.7)."""

    run = models.ForeignKey(CourseRun, on_delete=models.PROTECT, related_name="enrolments")
    pseudonym = models.CharField(max_length=20)
    nation = models.ForeignKey(Partner, on_delete=models.PROTECT)
    sex = models.CharField(max_length=1, choices=[("f", _("Female")), ("m", _("Male"))])
    age_band = models.CharField(max_length=8, choices=AgeBand)
    sector = models.CharField(max_length=60, blank=True)
    completed = models.BooleanField(default=True)

    objects = OfRunQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(name="enrolment_pseudonym_once", fields=["run", "pseudonym"])]

    def __str__(self) -> str:
        return self.pseudonym


class RecordQuerySet(OfProgrammeQuerySet):
    programme_path = "enrolment__run__course__programme"
    partner_viewers_see = False

    def current(self) -> RecordQuerySet:
        """What counts: rows that no newer one has replaced."""
        return self.filter(superseded_at__isnull=True)


class Occasion(models.TextChoices):
    """When a participant was tested or asked."""

    PRE = "pre", _("Before")
    POST = "post", _("After")
    MONTH_6 = "m6", _("6 months later")
    MONTH_12 = "m12", _("12 months later")


class Record(models.Model):
    """A fact in a register: who wrote it when, and when a newer one took its place."""

    recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    recorded_at = models.DateTimeField(editable=False, db_default=Now())
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RecordQuerySet.as_manager()

    class Meta:
        abstract = True


class TestScore(Record):
    """One participant's result in one test."""

    __test__ = False  # not a test case, whatever pytest thinks of the name

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="scores")
    occasion = models.CharField(max_length=4, choices=Occasion)
    score = models.DecimalField(max_digits=7, decimal_places=2)
    maximum = models.DecimalField(max_digits=7, decimal_places=2, default=100)
    form = models.CharField(
        max_length=20, default="A", blank=True, help_text=_("Which version of the test; empty: not stated.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="test_score_once",
                fields=["enrolment", "occasion"],
                condition=Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                name="test_score_in_range", condition=Q(score__gte=0, score__lte=F("maximum"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment} {self.occasion}: {self.score}"


class Reaction(Record):
    """One participant's mean of the agreed reaction items, 1 to 5 (Kirkpatrick level 1)."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="reactions")
    score = models.DecimalField(
        max_digits=3, decimal_places=2, validators=[MinValueValidator(1), MaxValueValidator(5)]
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="reaction_once", fields=["enrolment"], condition=Q(superseded_at__isnull=True)
            ),
            models.CheckConstraint(name="reaction_in_range", condition=Q(score__gte=1, score__lte=5)),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment}: {self.score}"


class FollowUp(Record):
    """What a graduate, or the supervisor, said or did not say some months later. A row: the graduate was asked."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="follow_ups")
    occasion = models.CharField(max_length=4, choices=Occasion)
    responded = models.BooleanField()
    applied_on_the_job = models.BooleanField(null=True, blank=True)
    still_in_post = models.BooleanField(null=True, blank=True)
    supervisor_confirmed = models.BooleanField(null=True, blank=True)
    """Of the supervisor, who may answer though the graduate does not; None: did not answer."""
    contacts = models.PositiveSmallIntegerField(null=True, blank=True)
    """Participants from other nations whom the graduate has contacted for work since."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="follow_up_once",
                fields=["enrolment", "occasion"],
                condition=Q(superseded_at__isnull=True),
            ),
            models.CheckConstraint(
                name="follow_up_answers_of_those_who_responded",
                condition=Q(responded=True)
                | Q(applied_on_the_job__isnull=True, still_in_post__isnull=True, contacts__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enrolment} {self.occasion}"
