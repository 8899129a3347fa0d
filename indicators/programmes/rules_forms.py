"""The words for each rule of the method, and the form in which they are set. Shape and types only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from indicators.engine.rules import DECIMALS, RANGES
from indicators.programmes.fields import DayField, PlainDecimalField, PlainForm


@dataclass(frozen=True, slots=True)
class Words:
    """What people read about a rule: where it stands in the method, its name, its meaning."""

    section: str
    label: Any
    meaning: Any


WORDS: dict[str, Words] = {
    "on_track_from": Words(
        "2.3", _("On track from"), _("On-track index; the default of new agreements, each of which keeps its own.")
    ),
    "at_risk_from": Words(
        "2.3", _("At risk from"), _("On-track index; below it is off track. The default of new agreements.")
    ),
    "over_target_from": Words("2.3", _("Over target above"), _("Achievement above which a target is called too soft.")),
    "too_early_below": Words(
        "2.3", _("Too early below"), _("Share of the planned change that must have been due before there is a status.")
    ),
    "catch_up_above": Words(
        "2.3", _("Catch-up factor above"), _("Required pace above which a target is called unlikely.")
    ),
    "usable_weight_from": Words(
        "2.3", _("Usable weight from"), _("Share of the weight that must have data before a weighted score is shown.")
    ),
    "ageing_above": Words("2.7", _("Ageing above"), _("Age of a value, in reporting intervals.")),
    "stale_above": Words(
        "2.7", _("Stale above"), _("Age in reporting intervals above which a value no longer counts as current.")
    ),
    "partial_below": Words("2.7", _("Partial below"), _("Coverage below which a figure is marked as partial.")),
    "outlier_above": Words("2.7", _("Outlier above"), _("Robust z above which a new figure needs a comment.")),
    "jump_above": Words("2.7", _("Jump above"), _("Step, in usual steps, above which a new figure needs a comment.")),
    "sustained_from": Words("2.10", _("Sustained from"), _("Retention ratio.")),
    "partly_from": Words("2.10", _("Partly sustained from"), _("Retention ratio; below it is not sustained.")),
    "activity_above": Words(
        "3", _("Mostly activity above"), _("Share of input and output indicators above which a programme says so.")
    ),
    "frozen_share": Words(
        "4.4", _("Targets stand still for the last"),
        _("Share of a programme's days; then only an evaluation moves them.")
    ),
}  # fmt: skip


class RulesForm(PlainForm):
    """Every rule, the day from which they are valid, and why."""

    effective_on = DayField(
        label=_("Valid from"), help_text=_("Today or later. What was judged before stays.")
    )
    reason = forms.CharField(label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        for name in RANGES:
            self.fields[name] = PlainDecimalField(
                label=WORDS[name].label, max_digits=8, decimal_places=DECIMALS, help_text=WORDS[name].meaning
            )
            self.fields[name].error_messages["required"] = _("Empty; please fill this in.")

    def values(self) -> dict[str, Decimal]:
        """The rules of a valid form."""
        return {name: self.cleaned_data[name] for name in RANGES}
