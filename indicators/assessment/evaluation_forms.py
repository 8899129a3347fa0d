"""Shapes of what people give about evaluations and what comes of them. No rights, no saving."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.assessment.forms import DATE
from indicators.models import (
    AdjustmentDecision,
    AssessmentRun,
    Confidence,
    CriterionRating,
    Evaluation,
    Evidence,
    FactComment,
    Finding,
    ManagementResponse,
    Partner,
    Programme,
    Recommendation,
    User,
    Verdict,
)
from indicators.models import State as FigureState
from indicators.sent import whole_number

MOST_EVIDENCE = 60
"""Pieces of evidence that the form lists beside those already cited; the newest first."""


def long_text(
    label: Any, *, rows: int = 3, required: bool = True, most: int = 6000, help_text: Any = ""
) -> forms.CharField:
    """A text of several lines."""
    return forms.CharField(
        label=label,
        widget=forms.Textarea(attrs={"rows": rows}),
        max_length=most,
        required=required,
        help_text=help_text,
    )


class EvaluationFilterForm(forms.Form):
    """Which evaluations the list shows."""

    q = forms.CharField(label=gettext_lazy("Words"), required=False, max_length=100)
    programme = forms.ModelChoiceField(
        queryset=Programme.objects.none(),
        required=False,
        to_field_name="code",
        label=gettext_lazy("Programme"),
        empty_label=gettext_lazy("All"),
    )
    kind = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), *Evaluation.Kind.choices],
        required=False,
        label=gettext_lazy("Kind"),
    )
    state = forms.ChoiceField(
        choices=[("", gettext_lazy("All")), *Evaluation.State.choices],
        required=False,
        label=gettext_lazy("State"),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].queryset = Programme.objects.visible_to(user).order_by("code")  # type: ignore[attr-defined]


class PlanForm(forms.Form):
    """What will be evaluated, by whom, until when."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Evaluation.Kind.choices)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    question = long_text(
        gettext_lazy("Question"), help_text=gettext_lazy("What should this evaluation answer?")
    )
    scope = long_text(
        gettext_lazy("Scope"),
        required=False,
        help_text=gettext_lazy("Which period, places and objectives; what is left out."),
    )
    lead = forms.ModelChoiceField(
        label=gettext_lazy("Lead"),
        queryset=User.objects.none(),
        help_text=gettext_lazy("An evaluator who does not work in the programme, and did not in this phase."),
    )
    due_on = forms.DateField(label=gettext_lazy("Report due"), widget=DATE, required=False)

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(memberships__programme=programme, memberships__role="evaluator")
        self.fields["lead"].queryset = people.distinct().order_by("username")  # type: ignore[attr-defined]


class StartForm(forms.Form):
    """An evaluation that begins at once."""

    kind = forms.ChoiceField(label=gettext_lazy("Kind"), choices=Evaluation.Kind.choices)
    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    question = long_text(
        gettext_lazy("Question"), help_text=gettext_lazy("What should this evaluation answer?")
    )


class BeginForm(forms.Form):
    """The assessment that an evaluation rests on."""

    run = forms.ModelChoiceField(
        label=gettext_lazy("Assessment"),
        queryset=AssessmentRun.objects.none(),
        help_text=gettext_lazy(
            "Pinned for good: later assessments and corrections do not change the report."
        ),
    )

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["run"]
        field.queryset = AssessmentRun.objects.filter(programme=programme).order_by("-as_of", "-revision")
        field.label_from_instance = lambda run: (
            _("%(kind)s, %(label)s, revision %(revision)d")
            % {
                "kind": run.get_kind_display(),
                "label": run.label,
                "revision": run.revision,
            }
        )


class TextsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The texts of a report."""

    class Meta:
        model = Evaluation
        fields = ["title", "scope", "question", "judgement", "context", "summary"]
        widgets = {
            name: forms.Textarea(attrs={"rows": rows})
            for name, rows in {"scope": 3, "question": 2, "judgement": 5, "context": 4, "summary": 4}.items()
        }

    def _post_clean(self) -> None:
        """The action fills and checks the row; the form gives shapes alone."""


class FindingForm(forms.Form):
    """A finding, what it rests on, and how sure it is. The page draws the verdicts by itself, see `verdict_groups`."""

    statement = long_text(gettext_lazy("Finding"), most=4000)
    confidence = forms.ChoiceField(
        label=gettext_lazy("Confidence"), choices=Confidence.choices, initial=Confidence.MEDIUM
    )
    confidence_reason = forms.CharField(
        label=gettext_lazy("Why so sure, or not surer"), max_length=300, required=False
    )
    verdicts = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Rests on these verdicts"),
        queryset=Verdict.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": gettext_lazy("%(value)s is no verdict of this assessment.")},
    )
    evidence = forms.ModelMultipleChoiceField(
        label=gettext_lazy("And on this evidence"),
        queryset=Evidence.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "invalid_choice": gettext_lazy(
                "%(value)s is no evidence of an approved figure of this programme."
            )
        },
    )

    def __init__(self, *args: Any, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["verdicts"]
        field.queryset = Verdict.objects.filter(run=evaluation.run_id)
        field = self.fields["evidence"]
        field.queryset = Evidence.objects.filter(
            observation__indicator__programme=evaluation.programme_id,
            observation__state__in=[FigureState.APPROVED, FigureState.SUPERSEDED],
        ).select_related("observation__indicator")
        self.evaluation = evaluation

    def chosen(self, name: str) -> set[str]:
        """The keys that are ticked, as text."""
        value = self[name].value() or []
        return {str(getattr(one, "pk", one)) for one in value}

    def verdict_groups(self) -> list[dict[str, Any]]:
        """Every verdict of the assessment by objective, each with whether it is ticked. One query."""
        rows = (
            Verdict.objects.filter(run=self.evaluation.run_id)
            .select_related(
                "indicator__definition",
                "indicator__version",
                "indicator__partner",
                "indicator__objective",
                "course_run__course",
            )
            .defer("inputs", "result")
            .order_by(
                "indicator__objective__position", "indicator__objective__code", "indicator__definition__code"
            )
        )
        ticked = self.chosen("verdicts")
        groups: dict[str, list[dict[str, Any]]] = {}
        for verdict in rows:
            objective = verdict.indicator.objective
            name = str(objective) if objective else _("Under no objective")
            groups.setdefault(name, []).append({"verdict": verdict, "is_ticked": str(verdict.pk) in ticked})
        return [{"name": name, "rows": members} for name, members in groups.items()]

    def evidence_rows(self) -> list[dict[str, Any]]:
        """The newest pieces of evidence and those that are ticked. One query."""
        ticked = self.chosen("evidence")
        queryset = self.fields["evidence"].queryset  # type: ignore[attr-defined]
        rows = queryset.select_related(
            "observation__indicator__definition", "observation__period", "observation__unit"
        )
        newest = queryset.order_by("-added_at").values("pk")[:MOST_EVIDENCE]
        mine = [key for key in map(whole_number, ticked) if key is not None]
        found = rows.filter(Q(pk__in=newest) | Q(pk__in=mine)).order_by("-added_at", "-pk")
        return [{"evidence": one, "is_ticked": str(one.pk) in ticked} for one in found]


class NumberedFindings(forms.ModelMultipleChoiceField):
    """Findings of the same report, by number and first words."""

    def label_from_instance(self, finding: Any) -> str:
        return finding.statement if len(finding.statement) <= 160 else finding.statement[:157] + "…"


def findings_field(label: Any) -> NumberedFindings:
    return NumberedFindings(
        label=label,
        queryset=Finding.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one finding that it follows from."),
            "invalid_choice": gettext_lazy("%(value)s is no finding of this evaluation."),
        },
    )


class RecommendationForm(forms.Form):
    """A proposed action, whom it is for, and the findings it follows from."""

    findings = findings_field(gettext_lazy("Follows from"))
    statement = long_text(gettext_lazy("Recommendation"), most=4000)
    addressee = forms.CharField(
        label=gettext_lazy("For whom"),
        max_length=120,
        help_text=gettext_lazy("An office, not a person: e.g. “Mission commander”."),
    )
    priority = forms.ChoiceField(
        label=gettext_lazy("Priority"),
        choices=Recommendation.Priority.choices,
        initial=Recommendation.Priority.MEDIUM,
    )
    due_on = forms.DateField(
        label=gettext_lazy("To be done by"),
        widget=DATE,
        required=False,
        help_text=gettext_lazy("Needed before the report is signed."),
    )

    def __init__(self, *args: Any, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["findings"].queryset = Finding.objects.filter(evaluation=evaluation)  # type: ignore[attr-defined]


class LessonForm(forms.Form):
    """What others may learn, and from which findings."""

    findings = findings_field(gettext_lazy("Learnt from"))
    statement = long_text(gettext_lazy("Lesson"), most=4000)
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "Separated by commas, e.g. mentoring, border security. Others find the lesson by them."
        ),
    )

    def __init__(self, *args: Any, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["findings"].queryset = Finding.objects.filter(evaluation=evaluation)  # type: ignore[attr-defined]

    def clean_tags(self) -> list[str]:
        return self.cleaned_data["tags"].split(",")


class RatingsForm(forms.Form):
    """The six criteria; whatever is left quite empty is not touched."""

    def __init__(self, *args: Any, known: dict[str, CriterionRating], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        points = [
            ("", _("Not rated")),
            *((str(value), f"{value} · {label}") for value, label in CriterionRating.Rating.choices),
        ]
        for name, label in CriterionRating.Criterion.choices:
            row = known.get(name)
            self.fields[name] = forms.ChoiceField(
                label=label, choices=points, required=False, initial=str(row.rating or "") if row else ""
            )
            self.fields[f"{name}_reason"] = forms.CharField(
                label=_("Why (%(criterion)s)") % {"criterion": label},
                widget=forms.Textarea(attrs={"rows": 2}),
                max_length=3000,
                required=False,
                initial=row.reason if row else "",
            )

    def pairs(self) -> Iterator[tuple[Any, Any]]:
        """The two fields of each criterion, for the page."""
        for name in CriterionRating.Criterion.values:
            yield self[name], self[f"{name}_reason"]

    def ratings(self) -> dict[str, tuple[int | None, str]]:
        """By criterion: points or None, and the reason."""
        given = {
            name: (self.cleaned_data[name], self.cleaned_data[f"{name}_reason"])
            for name in CriterionRating.Criterion.values
        }
        return {
            name: (int(points) if points else None, reason)
            for name, (points, reason) in given.items()
            if points or reason.strip()
        }


class MoveForm(forms.Form):
    """A step of an evaluation."""

    reason = long_text(gettext_lazy("Why"), rows=2, most=2000)
    fact_check_until = forms.DateField(
        label=gettext_lazy("The programme comments until"),
        widget=DATE,
        help_text=gettext_lazy(
            "The last day. The report is signed after it, or once the programme says that it is through."
        ),
    )

    def __init__(self, *args: Any, needs_reason: bool, asks_until: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not needs_reason:
            del self.fields["reason"]
        if not asks_until:
            del self.fields["fact_check_until"]


class CommentForm(forms.Form):
    """What is wrong in a finding."""

    text = long_text(gettext_lazy("What is not right, and how do you know?"), most=3000)


class AnswerForm(forms.Form):
    """The evaluators' answer to a comment."""

    answer = forms.ChoiceField(label=gettext_lazy("Answer"), choices=FactComment.Answer.choices)
    answer_text = long_text(gettext_lazy("Why"), rows=2, most=3000)


class ReleaseForm(forms.Form):
    """The nations whose viewers read the summary."""

    partners = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Viewers of these nations read the summary"),
        queryset=Partner.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["partners"].queryset = programme.partners.all()  # type: ignore[attr-defined]


class ResponseForm(forms.Form):
    """The programme's answer to a recommendation."""

    answer = forms.ChoiceField(label=gettext_lazy("Answer"), choices=ManagementResponse.Answer.choices)
    reason = long_text(
        gettext_lazy("Reason"),
        rows=2,
        required=False,
        most=3000,
        help_text=gettext_lazy("Needed unless it is accepted wholly."),
    )
    action = long_text(
        gettext_lazy("Action"),
        rows=2,
        required=False,
        most=3000,
        help_text=gettext_lazy("What will be done. Not for a rejected one."),
    )
    responsible = forms.CharField(
        label=gettext_lazy("Responsible"),
        max_length=120,
        required=False,
        help_text=gettext_lazy("An office, not a person."),
    )
    due_on = forms.DateField(label=gettext_lazy("To be done by"), widget=DATE, required=False)


class ActionForm(forms.Form):
    """How far an agreed action is."""

    status = forms.ChoiceField(label=gettext_lazy("Status"), choices=ManagementResponse.Status.choices)
    status_reason = long_text(
        gettext_lazy("Note"),
        rows=2,
        required=False,
        most=2000,
        help_text=gettext_lazy("Needed when the action is dropped."),
    )


class NamedRecommendations(forms.ModelMultipleChoiceField):
    def label_from_instance(self, one: Any) -> str:
        return f"{one.evaluation.title}: {one.statement}"


class DecisionForm(forms.Form):
    """What is decided, why, and what it follows."""

    kind = forms.ChoiceField(label=gettext_lazy("Decision"), choices=AdjustmentDecision.Kind.choices)
    rationale = long_text(gettext_lazy("Why"), most=4000)
    recommendations = NamedRecommendations(
        label=gettext_lazy("Follows these recommendations"),
        queryset=Recommendation.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose at least one recommendation that this follows."),
            "invalid_choice": gettext_lazy(
                "%(value)s is no recommendation of a signed evaluation of this programme."
            ),
        },
    )

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["recommendations"].queryset = (  # type: ignore[attr-defined]
            Recommendation.objects.filter(
                evaluation__programme=programme, evaluation__state__in=Evaluation.SIGNED
            )
            .select_related("evaluation")
            .order_by("-evaluation__signed_at", "pk")
        )


class LessonMoveForm(forms.Form):
    """A step of a lesson."""

    reason = long_text(gettext_lazy("Why"), rows=2, required=False, most=2000)
    is_shared = forms.BooleanField(
        label=gettext_lazy("Other programmes read it"),
        required=False,
        help_text=gettext_lazy("The lesson and its tags, not the report."),
    )

    def __init__(self, *args: Any, to: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if to == "rejected":
            self.fields["reason"].required = True
        if to != "approved":
            del self.fields["is_shared"]


class LessonFilterForm(forms.Form):
    """Which lessons the list shows."""

    q = forms.CharField(label=gettext_lazy("Words"), required=False, max_length=100)
    tag = forms.CharField(label=gettext_lazy("Tag"), required=False, max_length=30)
