"""Pages that compose an index: make one, make it anew, take it out of use. Each locks, calls one action, answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.composites import Recipe, inputs_of, listed, load_ground
from indicators.engine.index import judge_index
from indicators.models import Across, CompositeIndex, IndexComponent, IndexVersion, Programme
from indicators.permissions import check_may_compose
from indicators.programmes import actions
from indicators.programmes.changes import local_day
from indicators.programmes.doors import GET_OR_POST, confirm_page, crumbs_of, posted, seen_programme
from indicators.programmes.fields import PlainForm, attempt, show_refusal
from indicators.programmes.index_forms import (
    IndexForm,
    own_weight_formset,
    own_weights_in,
    part_formset,
    parts_in,
    usable_indicators,
)
from indicators.programmes.recipes import recipe_from

_TABLES = {"parts", "own_weights"}
_NOT_FOR_PREVIEW = ("name", "purpose", "reason")
_PART = re.compile(r"part-(\d+)-(\w+)")


@dataclass(slots=True)
class Sheet:
    """The three forms of the page, which are one thing to whoever fills them in."""

    form: IndexForm
    parts: Any
    own: Any

    def is_valid(self) -> bool:
        """Whether all hold what they should; all are asked, so that every error is shown at once."""
        valid = [self.form.is_valid(), self.parts.is_valid(), self.own.is_valid()]
        for name in _NOT_FOR_PREVIEW:  # They are needed in the end, whatever was pressed.
            self.form.fields[name].required = True
        if not all(valid[1:]):
            self.form.add_error(None, _("Some rows of the tables below need attention."))
        return all(valid)

    def given(self) -> dict[str, Any]:
        """What an action takes."""
        return self.form.cleaned_data | {
            "parts": parts_in(self.parts),
            "own_weights": own_weights_in(self.own),
        }

    def show(self, refusal: ValidationError) -> None:
        """Put what was refused where it belongs: at the field of the row, of the form, or above it."""
        rest: dict[str, list[str]] = {}
        for name, texts in refusal.message_dict.items():
            found = _PART.fullmatch(name)
            if found is None:
                rest.setdefault("__all__" if name in _TABLES else name, []).extend(texts)
                continue
            row, field = self.parts.forms[int(found[1])], found[2]
            for text in texts:
                row.add_error(field, text)
                rest.setdefault("__all__", []).append(
                    _("Row %(number)d, %(field)s: %(text)s")
                    % {"number": int(found[1]) + 1, "field": row.fields[field].label.lower(), "text": text}
                )
        show_refusal(self.form, ValidationError(rest))


def composing_programme(request: HttpRequest, code: str) -> Programme:
    """The programme; 404 for strangers, 403 for those who may not compose its indices."""
    programme = seen_programme(request, code)
    check_may_compose(request.user, programme)  # type: ignore[arg-type]
    return programme


def composed_index(request: HttpRequest, code: str, pk: int) -> CompositeIndex:
    index = get_object_or_404(
        listed(request.user).select_related("current__created_by"),  # type: ignore[arg-type]
        pk=pk,
        programme__code=code,
    )
    check_may_compose(request.user, index.programme)  # type: ignore[arg-type]
    return index


@GET_OR_POST
def composite_new(request: HttpRequest, code: str) -> HttpResponse:
    """Make an index; with the button "preview" it shows what it would say, and stores nothing."""
    programme = composing_programme(request, code)
    sheet = _sheet(request, programme, {}, [], [])
    preview = None
    if request.method == "POST" and sheet.is_valid():
        if "preview" in request.POST:
            preview = _preview(sheet, programme)
        else:
            given = sheet.given()
            given.pop("number")
            index = _attempt(
                sheet, actions.create_index, programme=programme, by=request.user, at=timezone.now(), **given
            )
            if index:
                messages.success(request, _("The index “%s” is kept.") % index)
                return redirect(index)
    return _page(request, sheet, programme, preview, title=_("Compose an index"))


@GET_OR_POST
def composite_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Make an index anew: the next version; with "preview" it stores nothing."""
    index = composed_index(request, code, pk)
    programme, version = index.programme, index.current
    assert version is not None
    sheet = _sheet(request, programme, *_initial(index, version))
    preview = None
    if request.method == "POST" and sheet.is_valid():
        if "preview" in request.POST:
            preview = _preview(sheet, programme)
        else:
            given = sheet.given() | {"number": sheet.form.cleaned_data["number"] or 0}
            kept = _attempt(
                sheet, actions.revise_index, index=index, by=request.user, at=timezone.now(), **given
            )
            if kept:
                messages.success(request, _("Version %d is in force; old results keep theirs.") % kept.number)
                return redirect(index)
    return _page(request, sheet, programme, preview, title=_("Revise “%s”") % index, index=index)


class RetireForm(PlainForm):
    reason = forms.CharField(max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.fields["reason"].label = _("Reason")


@GET_OR_POST
def composite_retire(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take an index out of use, with a reason."""
    index = composed_index(request, code, pk)
    form = RetireForm(posted(request))
    if request.method == "POST" and attempt(
        form, actions.retire_index, index=index, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("“%s” is out of use; what assessments said by it stays.") % index)
        return redirect("programme-detail", code=code)
    return confirm_page(
        request,
        form,
        title=_("Take “%s” out of use?") % index,
        text=_("It no longer enters assessments. Its versions and frozen results stay readable."),
        confirm_label=_("Take out of use"),
        danger=True,
        cancel_url=index.get_absolute_url(),
    )


# --- What the pages share ----------------------------------------------------------------------------------


def _sheet(
    request: HttpRequest,
    programme: Programme,
    initial: dict[str, Any],
    parts: list[dict[str, Any]],
    own: list[dict[str, Any]],
) -> Sheet:
    indicators = usable_indicators(programme)
    form = IndexForm(posted(request), initial=initial or None)
    if "preview" in request.POST:
        for name in _NOT_FOR_PREVIEW:
            form.fields[name].required = False
    return Sheet(
        form,
        part_formset(posted(request), parts, indicators),
        own_weight_formset(programme, posted(request), own, indicators),
    )


def _attempt(sheet: Sheet, verb: Any, **given: Any) -> Any:
    try:
        return verb(**given)
    except ValidationError as refusal:
        sheet.show(refusal)
        return None


def _preview(sheet: Sheet, programme: Programme) -> dict[str, Any] | None:
    """What the rows would say today; None when they cannot be joined, and the sheet then says why."""
    given = sheet.given()
    try:
        recipe = recipe_from(
            programme,
            across=given["across"],
            aggregation=given["aggregation"],
            parts=given["parts"],
            own_weights=given["own_weights"],
        )
    except ValidationError as refusal:
        sheet.show(refusal)
        return None
    return scored(recipe, programme)


def scored(recipe: Recipe, programme: Programme) -> dict[str, Any]:
    """The scores that a make-up gives today, for the page."""
    inputs = inputs_of(recipe, load_ground([recipe], as_of=local_day(programme, timezone.now())))
    return {
        "inputs": inputs,
        "scores": judge_index(inputs),
        "indicators": {piece.indicator.pk: piece.indicator for piece in recipe.pieces},
    }


def _initial(
    index: CompositeIndex, version: IndexVersion
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The present version as the three forms show it. The reason is asked for anew."""
    top = {
        "name": index.name,
        "purpose": version.purpose,
        "across": version.across,
        "aggregation": version.aggregation,
        "weights_reason": version.weights_reason,
        "number": version.number,
    }
    components = list(version.components.all())  # type: ignore[attr-defined]
    if version.across != Across.PARTNERS:
        return top, [_row(one) for one in components], []
    return top, *_partner_rows(components)


def _row(one: IndexComponent) -> dict[str, Any]:
    return {
        "indicator": one.indicator,
        "reads": one.reads,
        "low": one.low,
        "high": one.high,
        "is_logarithmic": one.is_logarithmic,
        "weight": one.weight,
    }


def _partner_rows(components: list[IndexComponent]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """One row for each definition with the weights that most partners have; the others' as their own."""
    by_partner: dict[Any, list[IndexComponent]] = {}
    for one in components:
        by_partner.setdefault(one.indicator.partner, []).append(one)
    makes = [tuple(one.weight for one in own) for own in by_partner.values()]
    usual = max(makes, key=makes.count)
    first = next(own for own in by_partner.values() if tuple(one.weight for one in own) == usual)
    own_rows = [
        {"partner": partner, "indicator": common.indicator, "weight": one.weight}
        for partner, own in by_partner.items()
        if tuple(one.weight for one in own) != usual
        for common, one in zip(first, own, strict=True)
    ]
    return [_row(one) for one in first], own_rows


def _page(
    request: HttpRequest,
    sheet: Sheet,
    programme: Programme,
    preview: dict[str, Any] | None,
    *,
    title: str,
    index: CompositeIndex | None = None,
) -> HttpResponse:
    more = [(index.name, index.get_absolute_url())] if index is not None else []
    context = {
        "programme": programme,
        "title": title,
        "index": index,
        "form": sheet.form,
        "parts": sheet.parts,
        "own": sheet.own,
        "has_partners": programme.partners.count() > 1,
        "preview": preview,
        "cancel_url": (index or programme).get_absolute_url(),
        "crumbs": crumbs_of(programme, *more),
    }
    return render(request, "programmes/composite_edit.html", context)
