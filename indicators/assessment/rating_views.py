"""Pages of contribution ratings: read, rate, throw a draft away, settle, rate again. Each calls one action, answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from indicators.assessment import rating as verbs
from indicators.assessment import rating_page
from indicators.assessment.rating_forms import AgainForm, RatingSheet, SettleForm
from indicators.assessment.rating_sources import Sources
from indicators.assessment.views import add_errors
from indicators.models import RATERS, ContributionRating, ContributionReview, GlobalRole, ProgrammeIndicator
from indicators.permissions import check_may_rate_contribution, why_not
from indicators.sent import whole_number

ROWS = ("items", "rivals")


def _seen(request: HttpRequest, code: str, pk: int) -> ProgrammeIndicator:
    """The indicator; 404 for strangers, 403 for partner viewers: evaluations are for those inside."""
    user: Any = request.user
    indicator = get_object_or_404(
        ProgrammeIndicator.objects.visible_to(user)
        .filter(programme__code=code)
        .select_related("programme", "definition", "version", "partner"),
        pk=pk,
    )
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise PermissionDenied(_("Evaluations are for those who work in or evaluate the programme."))
    return indicator


def _rated(request: HttpRequest, code: str, pk: int) -> ProgrammeIndicator:
    indicator = _seen(request, code, pk)
    check_may_rate_contribution(request.user, indicator.programme)  # type: ignore[arg-type]
    return indicator


def crumbs(indicator: ProgrammeIndicator, *, is_inside: bool = False) -> list[tuple[str, str]]:
    programme = indicator.programme
    found = [
        (programme.code, programme.get_absolute_url()),
        (indicator.name, indicator.get_absolute_url()),
    ]
    here = (_("Contribution"), reverse("contribution-detail", args=[programme.code, indicator.pk]))
    return [*found, here] if is_inside else found


@require_GET
def contribution_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What two evaluators judge, side by side once both are in."""
    return _show(request, _seen(request, code, pk))


def _show(request: HttpRequest, indicator: ProgrammeIndicator, **forms: Any) -> HttpResponse:
    user: Any = request.user
    today = timezone.now().astimezone(indicator.programme.zone).date()
    context = rating_page.context(user, indicator, today=today)
    reason = why_not(check_may_rate_contribution, user, indicator.programme)
    last: dict[str, Any] = context["rounds"][0] if context["rounds"] else {}
    is_complete = bool(last.get("is_complete"))
    context |= {
        "indicator": indicator,
        "programme": indicator.programme,
        "crumbs": crumbs(indicator),
        "marking": indicator.marking,
        "may_rate": not reason and not is_complete,
        "why_not": reason,
        "has_handed_in": _has_handed_in(last, user),
    }  # fmt: skip
    if is_complete and not reason:
        context["again_form"] = forms.get("again") or AgainForm()
        if not last["agrees"] and last["review"].reconciled is None and user.pk in last["raters"]:
            context["settle_form"] = forms.get("settle") or SettleForm(
                lowest=last["lowest"], highest=last["highest"]
            )
    return render(request, "assessment/contribution_detail.html", context)


def _has_handed_in(last: dict[str, Any], user: Any) -> bool:
    mine = (one["rating"] for one in last.get("sheets", ()) if one["rating"].rater_id == user.pk)
    return any(one.is_submitted for one in mine)


@require_http_methods(["GET", "HEAD", "POST"])
def contribution_rate(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One's own rating: begin it, change it, hand it in."""
    indicator = _rated(request, code, pk)
    user: Any = request.user
    draft = _own_draft(indicator, user)
    if draft is None and (taken := _taken(indicator, user)):
        messages.error(request, taken)
        return redirect("contribution-detail", code, pk)
    kept = () if draft is None else tuple(one.reference() for one in draft.items.all() if not one.source)  # type: ignore[attr-defined]
    sources = Sources(indicator, user, kept=kept)
    sheet = RatingSheet(_with_more_rows(request), rating=draft, sources=sources)
    if request.method == "POST" and "more" not in request.POST and sheet.is_valid():
        try:
            row = _keep(request, indicator, draft, sheet)
        except ValidationError as refusal:
            _take_over(sheet, refusal)
        else:
            return _kept(request, row)
    context = {
        "sheet": sheet,
        "indicator": indicator,
        "programme": indicator.programme,
        "draft": draft,
        "carried": None if draft is None else rating_page.carried([draft]),
        "ladder": rating_page.ladder(),
        "crumbs": crumbs(indicator, is_inside=True),
        "marking": indicator.marking,
    }
    is_refused = request.method == "POST" and "more" not in request.POST
    return render(request, "assessment/contribution_rate.html", context, status=422 if is_refused else 200)


def _own_draft(indicator: ProgrammeIndicator, user: Any) -> ContributionRating | None:
    found: ContributionRating | None = (
        ContributionRating.objects.visible_to(user)
        .filter(review__indicator=indicator, rater=user, state=ContributionRating.State.DRAFT)
        .prefetch_related("items", "rivals")
        .select_related("review__indicator__programme")
        .order_by("-review__number")
        .first()
    )
    return found


def _taken(indicator: ProgrammeIndicator, user: Any) -> str:
    """Why nothing can be begun now; empty if it can."""
    last = ContributionReview.objects.filter(indicator=indicator).order_by("-number").first()
    raters = set() if last is None else set(last.ratings.values_list("rater_id", flat=True))  # type: ignore[attr-defined]
    if user.pk in raters:
        return _("Your rating is handed in; nothing in it changes any more.")
    if len(raters) >= RATERS:
        return _("Two people rate this already. A third opinion is a new round, once both are handed in.")
    return ""


def _with_more_rows(request: HttpRequest) -> Any:
    """What was sent, with one more empty row where that was asked for by somebody without a script."""
    if request.method != "POST":
        return None
    more = request.POST.get("more", "")
    name = f"{more}-TOTAL_FORMS"
    total = whole_number(request.POST.get(name, ""), digits=3)
    if more not in {"item", "rival"} or total is None:
        return request.POST
    data = request.POST.copy()
    data[name] = str(min(total + 1, verbs.MOST_ROWS))
    return data


def _keep(
    request: HttpRequest, indicator: ProgrammeIndicator, draft: ContributionRating | None, sheet: RatingSheet
) -> ContributionRating:
    """Keep the draft; with `submit` also hand it in. What cannot be handed in is kept all the same."""
    by: Any = request.user
    at, value = timezone.now(), sheet.form.cleaned_data["rating"]
    if draft is None:
        return verbs.record_contribution_rating(
            indicator=indicator, rating=value, by=by, at=at, **sheet.given()
        )
    version = sheet.form.cleaned_data["row_version"]
    return verbs.change_contribution_rating(
        rating=draft,
        row_version=-1 if version is None else version,
        value=value,
        by=by,
        at=at,
        **sheet.given(),
    )


def _kept(request: HttpRequest, row: ContributionRating) -> HttpResponse:
    indicator = row.review.indicator
    code, pk = indicator.programme.code, indicator.pk
    if "submit" not in request.POST:
        messages.success(request, _("Saved as a draft. Nobody else sees it."))
        return redirect("contribution-rate", code, pk)
    by: Any = request.user
    try:
        verbs.submit_contribution_rating(rating=row, row_version=row.row_version, by=by, at=timezone.now())
    except ValidationError as refusal:
        said = " ".join(refusal.messages)
        messages.error(request, _("Saved as a draft, but not handed in: %(said)s") % {"said": said})
        return redirect("contribution-rate", code, pk)
    messages.success(request, _("Handed in. It is shown once the other rating is in too."))
    return redirect("contribution-detail", code, pk)


def _take_over(sheet: RatingSheet, refusal: ValidationError) -> None:
    """An action's refusal above the rows or at the field that it names."""
    if not hasattr(refusal, "error_dict"):
        sheet.form.add_error(None, refusal)
        return
    for field, errors in refusal.error_dict.items():
        sheet.form.add_error(field if field in sheet.form.fields else None, errors)


@require_POST
def contribution_discard(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Throw one's draft away."""
    indicator = _rated(request, code, pk)
    user: Any = request.user
    draft = _own_draft(indicator, user)
    if draft is None:
        messages.error(request, _("There is no draft of yours."))
    else:
        verbs.discard_contribution_rating(rating=draft, by=user, at=timezone.now())
        messages.success(request, _("The draft is thrown away; somebody else may rate in your place."))
    return redirect("contribution-detail", code, pk)


@require_POST
def contribution_settle(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Keep what two who differed settled on."""
    indicator = _rated(request, code, pk)
    form = SettleForm(request.POST)
    user: Any = request.user

    def save() -> None:
        last = ContributionReview.objects.filter(indicator=indicator).order_by("-number").first()
        if last is None:
            raise ValidationError(_("Nobody has rated this yet."))
        verbs.reconcile_contribution(review=last, by=user, at=timezone.now(), **form.cleaned_data)

    return _save(request, indicator, form, save, "settle")


@require_POST
def contribution_again(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Open the next round."""
    indicator = _rated(request, code, pk)
    form = AgainForm(request.POST)
    user: Any = request.user

    def save() -> None:
        verbs.rate_again(indicator=indicator, by=user, at=timezone.now(), **form.cleaned_data)

    return _save(request, indicator, form, save, "again")


def _save(
    request: HttpRequest, indicator: ProgrammeIndicator, form: Any, save: Callable[[], object], name: str
) -> HttpResponse:
    if form.is_valid():
        try:
            save()
        except ValidationError as refusal:
            add_errors(form, refusal)
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, _("Stored."))
            return redirect("contribution-detail", indicator.programme.code, indicator.pk)
    return _show(request, indicator, **{name: form})
