"""The shape of a contribution rating: the rating, rows of evidence, rows of rival explanations. Saves nothing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.assessment.rating import HIGHEST, MOST_ROWS
from indicators.assessment.rating_parts import MOST_TEXT, GivenItem, GivenRival
from indicators.assessment.rating_sources import Sources
from indicators.engine.expost.contribution import RATING_WORDS
from indicators.models import (
    Claim,
    ContributionEvidence,
    ContributionRating,
    RivalExplanation,
    RivalJudgement,
)

SPARE_ROWS = 1
LEAST_ITEMS, LEAST_RIVALS = len(Claim), 2
FOR, AGAINST = "for", "against"


def rating_choices() -> list[tuple[str, str]]:
    """0 to 4, each with its words."""
    return [(str(number), f"{number} · {_(words)}") for number, words in enumerate(RATING_WORDS)]


def is_written(row: forms.Form, *names: str) -> bool:
    """Whether anything stands in these fields: what is written makes a row, whether or not it was there before."""
    return any(str(row[name].value() or "").strip() for name in names)


class Row(forms.Form):
    """A row among others, folded while nothing is written in it."""

    use_required_attribute = False
    written: tuple[str, ...] = ("name",)

    def has_changed(self) -> bool:
        return is_written(self, *self.written)

    @property
    def is_open(self) -> bool:
        """The first row, those with something in them, and those with a fault."""
        return str(self.prefix).endswith("-0") or self.has_changed() or (self.is_bound and bool(self.errors))


class RatingForm(forms.Form):
    """The rating and why; both may wait while it is a draft."""

    use_required_attribute = False

    rating = forms.TypedChoiceField(
        label=gettext_lazy("Your rating"),
        widget=forms.RadioSelect,
        required=False,
        coerce=int,
        empty_value=None,
        error_messages={
            "invalid_choice": gettext_lazy("%(value)s was given; a rating from 0 to 4 was expected.")
        },
    )
    reasons = forms.CharField(
        label=gettext_lazy("Reasons"),
        help_text=gettext_lazy("Why this rating and not the next higher or lower one; a few sentences."),
        widget=forms.Textarea(attrs={"rows": 4}),
        max_length=MOST_TEXT,
        required=False,
    )
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rating"].choices = rating_choices()  # type: ignore[attr-defined]


class ItemForm(Row):
    """A piece of evidence; a row with nothing written in it is none."""

    written = ("statement", "rests_on", "source", "link")

    claim = forms.ChoiceField(label=gettext_lazy("What it is about"), choices=Claim.choices)
    side = forms.ChoiceField(
        label=gettext_lazy("Speaks"),
        choices=[(FOR, gettext_lazy("for it")), (AGAINST, gettext_lazy("against it"))],
        initial=FOR,
    )
    strength = forms.TypedChoiceField(
        label=gettext_lazy("Strength"),
        choices=ContributionEvidence.Strength.choices,
        coerce=int,
        initial=ContributionEvidence.Strength.MODERATE,
    )
    statement = forms.CharField(
        label=gettext_lazy("What it shows"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=MOST_TEXT,
        required=False,
    )
    rests_on = forms.ChoiceField(label=gettext_lazy("Rests on"), required=False)
    source = forms.CharField(
        label=gettext_lazy("Source"),
        help_text=gettext_lazy("Author, title, year, page."),
        max_length=300,
        required=False,
    )
    link = forms.CharField(
        label=gettext_lazy("Web address"),
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )

    def __init__(self, *args: Any, sources: Sources, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sources = sources
        self.fields["rests_on"].choices = sources.choices  # type: ignore[attr-defined]

    @property
    def title(self) -> str:
        """What the row is about, for its fold."""
        return str(dict(Claim.choices).get(str(self["claim"].value()), ""))

    def given(self) -> GivenItem:
        cleaned = self.cleaned_data
        return GivenItem(
            claim=cleaned["claim"],
            speaks_for=cleaned["side"] == FOR,
            strength=cleaned["strength"],
            statement=cleaned["statement"],
            rests_on=self.sources.find(cleaned["rests_on"]),
            source=cleaned["source"],
            link=cleaned["link"],
        )


class RivalForm(Row):
    """Another explanation; a row without a name is none."""

    written = ("name", "examined")

    name = forms.CharField(
        label=gettext_lazy("Other explanation"),
        help_text=gettext_lazy("e.g. other providers, oil price, politics, war."),
        max_length=200,
        required=False,
    )
    plausibility = forms.ChoiceField(
        label=gettext_lazy("How plausible"),
        choices=RivalExplanation.Plausibility.choices,
        initial=RivalExplanation.Plausibility.MEDIUM,
    )
    judgement = forms.ChoiceField(label=gettext_lazy("What came out"), choices=RivalJudgement.choices)
    examined = forms.CharField(
        label=gettext_lazy("How it was examined"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=MOST_TEXT,
        required=False,
    )

    @property
    def title(self) -> str:
        return str(self["name"].value() or "")

    def given(self) -> GivenRival:
        return GivenRival(
            **{name: self.cleaned_data[name] for name in ("name", "plausibility", "judgement", "examined")}
        )


class Rows(forms.BaseFormSet):  # type: ignore[type-arg]
    """Rows that may be left out by a tick; those with nothing written in them are skipped."""

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = _("Leave this row out")

    def given(self) -> list[Any]:
        return [one.given() for one in self.forms if one.has_changed() and not one.cleaned_data.get("DELETE")]


class ItemRows(Rows):
    """Rows of evidence; the empty ones go through the claims one after the other."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        given: dict[str, Any] = super().get_form_kwargs(index)
        if index is not None and index >= self.initial_form_count():
            given["initial"] = {"claim": Claim.values[index % len(Claim)]}
        return given


Items = forms.formset_factory(
    ItemForm, ItemRows, extra=SPARE_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 10, can_delete=True
)
Rivals = forms.formset_factory(
    RivalForm, Rows, extra=SPARE_ROWS, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 10, can_delete=True
)


class RatingSheet:
    """All that is filled in on one page: the rating and its two lists of rows."""

    def __init__(self, data: Any, *, rating: ContributionRating | None, sources: Sources) -> None:
        items = [] if rating is None else [_item_initial(one) for one in rating.items.all()]  # type: ignore[attr-defined]
        rivals = [] if rating is None else [_rival_initial(one) for one in rating.rivals.all()]  # type: ignore[attr-defined]
        initial = {} if rating is None else {"rating": rating.rating, "reasons": rating.reasons}
        version = None if rating is None else rating.row_version
        self.form = RatingForm(data, initial=initial | {"row_version": version})
        self.items: Any = Items(data, initial=items, prefix="item", form_kwargs={"sources": sources})
        self.rivals: Any = Rivals(data, initial=rivals, prefix="rival")
        self.items.extra = max(SPARE_ROWS, LEAST_ITEMS - len(items))
        self.rivals.extra = max(SPARE_ROWS, LEAST_RIVALS - len(rivals))

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), self.items.is_valid(), self.rivals.is_valid()])

    def given(self) -> dict[str, Any]:
        """For the actions, except for the rating itself, which each names as it likes."""
        return {
            "reasons": self.form.cleaned_data["reasons"],
            "items": self.items.given(),
            "rivals": self.rivals.given(),
        }

    @property
    def faults(self) -> list[str]:
        """What is wrong with rows, each with its number, for the top of the page."""
        found = [str(one) for rows in (self.items, self.rivals) for one in rows.non_form_errors()]
        for title, rows in ((_("Evidence"), self.items), (_("Other explanation"), self.rivals)):
            for number, one in enumerate(rows.forms, 1):
                for name, errors in one.errors.items() if rows.is_bound else ():
                    label = one.fields[name].label if name in one.fields else ""
                    found += [f"{title} {number}, {label}: {error}" for error in errors]
        return found


def _item_initial(one: ContributionEvidence) -> dict[str, Any]:
    return {
        "claim": one.claim,
        "side": FOR if one.speaks_for else AGAINST,
        "strength": one.strength,
        "statement": one.statement,
        "rests_on": "" if one.source else one.reference(),
        "source": one.source,
        "link": one.link,
    }


def _rival_initial(one: RivalExplanation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in ("name", "plausibility", "judgement", "examined")}


class SettleForm(forms.Form):
    """What two who differed settle on."""

    rating = forms.TypedChoiceField(
        label=gettext_lazy("Rating that you settled on"), widget=forms.RadioSelect, coerce=int
    )
    reason = forms.CharField(
        label=gettext_lazy("What settled it"), widget=forms.Textarea(attrs={"rows": 3}), max_length=MOST_TEXT
    )

    def __init__(self, *args: Any, lowest: int = 0, highest: int = HIGHEST, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rating"].choices = rating_choices()[lowest : highest + 1]  # type: ignore[attr-defined]


class AgainForm(forms.Form):
    """Why it is rated again."""

    reason = forms.CharField(
        label=gettext_lazy("What is known now that was not known then"),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=MOST_TEXT,
    )
