"""Pages of validators and approvers: the queue, the summary before a decision on many, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from indicators.disclosure import shown_to
from indicators.entry import bulk
from indicators.entry.moves import OWN_FIGURE, own_figures
from indicators.entry.reviewing import (
    RELATED,
    foresee,
    load_choices,
    narrowed,
    review_lines,
    waiting_for,
)
from indicators.entry.showing import observation_text
from indicators.entry.views import number_or, tell
from indicators.models import GlobalRole, Observation, Programme, Role, programmes_of
from indicators.sent import whole_number

PAGE_SIZES = (50, 200, bulk.LIMIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A decision on many figures."""

    do: Callable[..., bulk.Outcome]
    ask: Any
    done: Any
    needs_comment: bool = False


ACTS = {
    "validate": Act(
        do=bulk.validate_observations,
        ask=gettext_lazy("Validate these figures?"),
        done=gettext_lazy("Validated"),
    ),
    "approve": Act(
        do=bulk.approve_observations,
        ask=gettext_lazy("Approve these figures?"),
        done=gettext_lazy("Approved"),
    ),
    "return": Act(
        do=bulk.return_observations,
        ask=gettext_lazy("Return these figures?"),
        done=gettext_lazy("Returned"),
        needs_comment=True,
    ),
}


def _check_reviews(user: Any) -> None:
    if not programmes_of(user, Role.APPROVER, Role.VALIDATOR).exists():
        raise PermissionDenied(_("Only data validators and approvers review figures."))


@require_GET
def review_queue(request: HttpRequest) -> HttpResponse:
    """What waits for this person, narrowed as the address says. The same number of queries however many wait."""
    user: Any = request.user
    _check_reviews(user)
    waiting = waiting_for(user)
    choices = load_choices(waiting)
    shown, asked = narrowed(waiting, request.GET)
    size = number_or(request.GET.get("per", ""), PAGE_SIZES[0])
    size = size if size in PAGE_SIZES else PAGE_SIZES[0]
    page = Paginator(shown, size).get_page(number_or(request.GET.get("page", "1")))
    rows = list(page.object_list)
    own = own_figures(rows, user, timezone.now())
    context = {
        "page": page,
        "lines": review_lines(rows, dict.fromkeys(own, str(OWN_FIGURE))),
        "choices": choices,
        "asked": asked,
        "size": size,
        "sizes": PAGE_SIZES,
        "validates": any(
            one.state == "submitted" and one.indicator.programme.needs_validation for one in rows
        ),
        "approves": any(
            one.state == "validated" or not one.indicator.programme.needs_validation for one in rows
        ),
        "address": request.get_full_path(),
    }
    return render(request, "entry/review_queue.html", context)


@require_POST
def review_summary(request: HttpRequest) -> HttpResponse:
    """What the decision would do, figure by figure, before it is made."""
    user: Any = request.user
    _check_reviews(user)
    act = ACTS.get(request.POST.get("act", ""))
    chosen = _chosen(request)
    if act is None or not chosen:
        messages.warning(request, _("No figure was chosen; tick at least one."))
        return redirect("review-queue")
    return _summary(request, act, chosen)


def _summary(
    request: HttpRequest, act: Act, chosen: list[Observation], problem: ValidationError | None = None
) -> HttpResponse:
    given: dict[str, Any] = {"comment": "…"} if act.needs_comment else {}
    try:
        foreseen = foresee(act.do, observations=chosen, by=request.user, at=timezone.now(), **given)
    except ValidationError as refusal:
        tell(request, refusal)
        return redirect("review-queue")
    goes = {one.pk for one in foreseen.outcome.done}
    reasons = {left.observation.pk: left.reason for left in foreseen.outcome.left}
    lines = review_lines([one for one in chosen if one.pk in goes or one.pk in reasons], reasons)
    context = {
        "act": request.POST["act"],
        "ask": act.ask,
        "needs_comment": act.needs_comment,
        "comment": request.POST.get("comment", ""),
        "problem": " ".join(problem.messages) if problem is not None else "",
        "going": [(line, foreseen.statuses.get(line.observation.indicator_id)) for line in lines
                  if line.observation.pk in goes],
        "staying": [line for line in lines if line.observation.pk in reasons],
    }  # fmt: skip
    return render(request, "entry/review_summary.html", context, status=422 if problem else 200)


@require_POST
def review_decide(request: HttpRequest) -> HttpResponse:
    """Make the decision, in one transaction, and say what was done and what was not and why."""
    user: Any = request.user
    _check_reviews(user)
    act = ACTS.get(request.POST.get("act", ""))
    chosen = _chosen(request)
    if act is None or not chosen:
        messages.warning(request, _("No figure was chosen; tick at least one."))
        return redirect("review-queue")
    fresh, stale = _unchanged(request, chosen)
    try:
        outcome = act.do(
            observations=fresh, by=user, at=timezone.now(), comment=request.POST.get("comment", "")
        )
    except ValidationError as problem:
        return _summary(request, act, chosen, problem)
    for one in stale:
        outcome.leave(one, _("Somebody changed it after the summary was shown; look at it again."), "stale")
    context = {"done": act.done, "outcome": outcome, "act": request.POST["act"]}
    return render(request, "entry/review_result.html", context)


def _chosen(request: HttpRequest) -> list[Observation]:
    """The ticked figures that this person sees; `primary key` or `primary key-version` each."""
    keys = [text.partition("-")[0] for text in request.POST.getlist("observation")]
    pks = {key for key in map(whole_number, keys) if key is not None}
    seen = Observation.objects.visible_to(request.user).filter(pk__in=pks)  # type: ignore[arg-type]
    return list(seen.select_related(*RELATED).order_by("submitted_at", "pk")[: bulk.LIMIT + 1])


def _unchanged(
    request: HttpRequest, chosen: list[Observation]
) -> tuple[list[Observation], list[Observation]]:
    """Those whose version is the one that the summary showed, and the others."""
    shown = set(request.POST.getlist("observation"))
    fresh = [one for one in chosen if f"{one.pk}-{one.version}" in shown]
    return fresh, [one for one in chosen if one not in fresh]


# --- Changes of locked figures -----------------------------------------------------------------------------------


@require_GET
def change_request_list(request: HttpRequest, code: str) -> HttpResponse:
    """Corrections of locked periods that were asked for: old and new figure, who asked why, what was decided."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        raise PermissionDenied(_("Requests are shown to the staff of the programme."))
    rows = (
        Observation.objects.visible_to(user)
        .filter(indicator__programme=programme, by_request=True)
        .select_related(*RELATED, "decided_by", "corrects__indicator__version")
        .order_by("-pk")
    )
    page = Paginator(rows, PAGE_SIZES[0]).get_page(number_or(request.GET.get("page", "1")))
    shown = shown_to(user, page.object_list)
    lines = [
        (one, "" if one.is_left_out else observation_text(one.corrects), observation_text(one))  # type: ignore[attr-defined,arg-type]
        for one in shown
    ]
    context = {"programme": programme, "page": page, "lines": lines}
    return render(request, "entry/change_request_list.html", context)
