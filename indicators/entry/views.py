"""Pages of due, submitted and decided observations. Lock, call, answer: each view finds, calls one action, shows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from hashlib import sha256
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST, require_safe

from indicators.commenting import talk_about
from indicators.disclosure import shown_to, withheld
from indicators.entry import actions
from indicators.entry.calendar_feed import calendar_of
from indicators.entry.cells import cell_label
from indicators.entry.due import BUCKET_LABELS, PER_SECTION, Bucket, due_lines, due_progress
from indicators.entry.evidence import upload_limits
from indicators.entry.forms import DecisionForm, EvidenceForm
from indicators.entry.reviewing import waiting_for
from indicators.entry.showing import (
    load_chain,
    load_status,
    load_trail,
    observation_text,
)
from indicators.models import WAITING, Evidence, Observation, State, User
from indicators.periods import is_locked, takes_writes_of
from indicators.permissions import (
    check_may_approve,
    check_may_correct,
    check_may_decide,
    check_may_edit_observation,
    check_may_return,
    check_may_validate,
    may,
    standing_in,
    why_not,
)
from indicators.sent import whole_number

PER_PAGE = 50
SECTIONS = (Bucket.RETURNED, Bucket.OVERDUE, Bucket.DUE, Bucket.DRAFT, Bucket.WAITING, Bucket.DONE)
FOLDED = {Bucket.WAITING, Bucket.DONE}
"""Nothing to do there: one line each until it is opened."""

DECISIONS = {
    "validate": actions.validate_observation,
    "approve": actions.approve_observation,
    "return": actions.return_observation,
    "reject": actions.reject_observation,
}
SAID = {
    "validate": gettext_lazy("Validated. An approver decides next."),
    "approve": gettext_lazy("Approved. The indicator's status is up to date."),
    "return": gettext_lazy("Returned. Whoever entered it finds it among what is due."),
    "reject": gettext_lazy("Rejected. The figure is due again."),
}


def today() -> date:
    """Today in the server's zone: for what is due; figures are dated in their programme's zone."""
    return timezone.localdate()


def number_or(text: str, otherwise: int = 1) -> int:
    """A page number, a count or a version from an address; what is none is page one."""
    number = whole_number(text, digits=6)
    return otherwise if number is None else number


@require_GET
def due_list(request: HttpRequest) -> HttpResponse:
    """What is due from me. Eight queries, however many lines (see the test)."""
    user: Any = request.user
    mine = request.GET.get("mine") == "1"
    programme = request.GET.get("programme", "")[:20]
    shown = request.GET.get("show", "")
    bucket = Bucket(shown) if shown in set(Bucket) else None
    page = max(number_or(request.GET.get("page", "1")), 1)
    per_page = PER_PAGE if bucket else PER_SECTION
    lines = due_lines(
        user,
        today=today(),
        bucket=bucket,
        limit=per_page,
        offset=(page - 1) * per_page if bucket else 0,
        mine=mine,
        programme=programme,
    )
    progress = due_progress(user, today=today(), mine=mine, programme=programme)
    totals = {one: sum(p.counts[one] for p in progress) for one in Bucket}
    sections = [
        {
            "bucket": one.value,
            "state": "submitted" if one == Bucket.WAITING else one.value,
            "label": BUCKET_LABELS[one],
            "lines": [line for line in lines if line.bucket == one],
            "total": totals[one],
            "more": bucket is None and totals[one] > PER_SECTION,
            "folded": bucket is None and one in FOLDED,
        }
        for one in SECTIONS
        if (bucket is None or bucket == one) and (totals[one] or one == Bucket.OVERDUE)
    ]
    context = {
        "sections": sections,
        "progress": progress,
        "totals": {one.value: count for one, count in totals.items()},
        "bucket": bucket,
        "mine": mine,
        "programme": programme,
        "page": Paginator(range(totals[bucket]), per_page).get_page(page) if bucket else None,
        "nothing_due": not any(
            totals[one] for one in (Bucket.RETURNED, Bucket.OVERDUE, Bucket.DUE, Bucket.DRAFT)
        ),
        "to_review": waiting_for(user).count(),
    }
    return render(request, "entry/due_list.html", context)


@login_not_required
@never_cache
@require_safe
def calendar_feed(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of whoever holds the secret: calendar programs do not sign in. Names no figure."""
    holder = User.objects.filter(calendar_hash=sha256(secret.encode()).hexdigest(), is_active=True).first()
    if holder is None:
        raise Http404
    address = request.build_absolute_uri("/").rstrip("/")
    feed = calendar_of(holder, at=timezone.now(), today=today(), address=address)
    return HttpResponse(feed, content_type="text/calendar; charset=utf-8")


def get_observation(request: HttpRequest, pk: int) -> Observation:
    """The lock of every page about one observation: what one may not see does not exist."""
    seen = Observation.objects.visible_to(request.user)  # type: ignore[arg-type]
    found: Observation = get_object_or_404(
        seen.select_related(
            "indicator__programme",
            "indicator__version",
            "indicator__definition",
            "indicator__plan",
            "period",
            "unit",
            "entered_by",
            "submitted_by",
            "validated_by",
            "decided_by",
            "corrects",
        ),
        pk=pk,
    )
    return found


@require_GET
def observation_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One observation: what it says, its evidence, its history, and what may be done with it."""
    observation = get_observation(request, pk)
    return render(request, "entry/observation_detail.html", detail_context(request, observation))


def detail_context(request: HttpRequest, observation: Observation, form: Any = None) -> dict[str, Any]:
    user: Any = request.user
    indicator = observation.indicator
    observation, *chain = shown_to(user, [observation, *load_chain(observation)])
    return {
        "observation": observation,
        "indicator": indicator,
        "text": observation_text(observation),
        "is_left_out": observation.is_left_out,  # type: ignore[attr-defined]
        "cell": cell_label(indicator.version, observation.cell),
        "evidence": evidence_of(observation),
        "trail": load_trail(observation, user),
        "talk": talk_about(user, observation),
        "chain": [(one, observation_text(one)) for one in chain] if len(chain) > 1 else [],
        "status": load_status(indicator, today=timezone.now().astimezone(indicator.programme.zone).date()),
        "marking": observation.marking,
        "form": form or DecisionForm(),
        **_what_may_be_done(user, observation),
        "evidence_form": EvidenceForm(),
        **upload_limits(),
    }


def _what_may_be_done(user: Any, observation: Observation) -> dict[str, Any]:
    """Which buttons the page has, and why not the others. Two queries: the roles, and whether the period is locked."""
    roles = standing_in(user, observation.indicator.programme_id).roles
    closed = is_locked(observation.period, timezone.now())
    is_open = (
        not closed or observation.by_request or takes_writes_of(observation.period, user, timezone.now())
    )
    waits = observation.state in WAITING
    asks = {"validate": check_may_validate, "approve": check_may_approve, "return": check_may_return,
            "reject": check_may_decide}  # fmt: skip
    return {
        "is_locked": closed,
        "is_open": is_open,
        "may_edit": is_open and may(check_may_edit_observation, user, observation, roles=roles),
        "why_not_edit": why_not(check_may_edit_observation, user, observation, roles=roles),
        "may_correct": may(check_may_correct, user, observation, roles=roles),
        "why_not_correct": why_not(check_may_correct, user, observation, roles=roles),
        "decisions": [
            name for name, check in asks.items() if waits and may(check, user, observation, roles=roles)
        ],
        "why_not_decide": _why_not_decide(user, observation, roles),
    }


def _why_not_decide(user: Any, observation: Observation, roles: Collection[str]) -> str:
    waits_for_validator = (
        observation.state == State.SUBMITTED and observation.indicator.programme.needs_validation
    )
    check = check_may_validate if waits_for_validator else check_may_approve
    return why_not(check, user, observation, roles=roles)


def evidence_of(observation: Observation) -> list[Evidence]:
    """Nothing of a figure that is left out: a file, its name or a note would tell the figure."""
    is_left_out = observation.is_left_out  # type: ignore[attr-defined]
    return [] if is_left_out else list(observation.evidence.select_related("added_by"))


def said_of(kept: Observation) -> str:
    """What became of a figure that was saved, and who is next."""
    if kept.state in {State.DRAFT, State.RETURNED}:
        return _("Saved as a draft.")
    if kept.indicator.programme.needs_validation:
        return _("Submitted. A data validator of the programme checks it next.")
    return _("Submitted. An approver of the programme decides next.")


def tell(request: HttpRequest, problem: ValidationError) -> None:
    """Show an action's refusal on the next page."""
    for text in problem.messages:
        messages.error(request, text)


@require_POST
def observation_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand in a draft as it stands; what needs a comment leads to the form."""
    observation = get_observation(request, pk)
    check_may_edit_observation(request.user, observation)  # type: ignore[arg-type]
    if not request.POST.get("declaration"):
        messages.error(request, _("Not ticked; your declaration is needed to submit."))
        return redirect("observation-detail", pk)
    try:
        submitted = actions.submit_observation(observation=observation, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ValidationError as problem:
        tell(request, problem)
        is_editable = may(check_may_edit_observation, request.user, observation)
        return redirect("observation-edit" if is_editable else "observation-detail", pk)
    messages.success(request, said_of(submitted))
    return redirect("observation-detail", pk)


@require_POST
def observation_discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a draft."""
    observation = get_observation(request, pk)
    try:
        actions.discard_observation(observation=observation, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    except ValidationError as problem:
        tell(request, problem)
        return redirect("observation-detail", pk)
    messages.success(request, _("The draft was discarded."))
    return redirect("due-list")


@require_POST
def observation_decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, return or reject."""
    observation = get_observation(request, pk)
    form = DecisionForm(request.POST)
    if form.is_valid():
        decide: Any = DECISIONS[form.cleaned_data["decision"]]
        try:
            decide(
                observation=observation,
                comment=form.cleaned_data["comment"],
                by=request.user,
                at=timezone.now(),
            )
        except ValidationError as problem:
            if not hasattr(problem, "error_dict"):  # somebody was quicker
                tell(request, problem)
                return redirect("observation-detail", pk)
            form.add_error(None, problem)
        else:
            messages.success(request, SAID[form.cleaned_data["decision"]])
            return redirect("observation-detail", pk)
    else:
        check_may_return(request.user, observation)  # type: ignore[arg-type]
    return render(
        request, "entry/observation_detail.html", detail_context(request, observation, form), status=422
    )


@require_GET
def evidence_download(request: HttpRequest, pk: int) -> FileResponse:
    """A file of evidence, always as a download and never shown by the browser.

    What a figure rests on that is left out for this person (few people) is not found: it would tell the figure.
    """
    seen = Evidence.objects.visible_to(request.user).filter(kind=Evidence.Kind.FILE)  # type: ignore[arg-type]
    evidence = get_object_or_404(
        seen.select_related("observation__indicator__version", "observation__indicator__programme"), pk=pk
    )
    if withheld(request.user, [evidence.observation]):  # type: ignore[arg-type]
        raise Http404
    try:
        content = evidence.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    answer = FileResponse(
        content, as_attachment=True, filename=evidence.name, content_type=evidence.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer
