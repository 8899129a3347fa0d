"""Pages about tailored indicators: pick, tailor, change, revise, sign off. Each locks, calls one action, answers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from indicators.models import (
    IndicatorVersion,
    ProgrammeIndicator,
    SignOff,
    TargetProposal,
    TargetRevision,
    rules_on,
)
from indicators.permissions import (
    check_may_administer,
    check_may_decide_proposal,
    check_may_sign_off,
    may,
    why_not,
)
from indicators.programmes import actions
from indicators.programmes.changes import local_day
from indicators.programmes.doors import (
    GET_OR_POST,
    administered_indicator,
    administered_programme,
    check_may_see_people,
    crumbs_of,
    posted,
    seen_indicator,
)
from indicators.programmes.fields import attempt
from indicators.programmes.tailor_forms import (
    DecideForm,
    LibrarySearchForm,
    MilestoneFormSet,
    RevisionForm,
    SignOffForm,
    TailorForm,
    UseChangeForm,
    milestones_in,
)
from indicators.programmes.tailoring import FIELDS
from indicators.programmes.targets import PLAN_FIELDS, frozen_from

PAGE = 25


@require_safe
def indicator_add(request: HttpRequest, code: str) -> HttpResponse:
    """Pick from the library."""
    programme = administered_programme(request, code)
    form = LibrarySearchForm(request.GET or None)
    form.is_valid()
    chosen = getattr(form, "cleaned_data", {})
    rows = (
        IndicatorVersion.objects.visible_to(request.user)
        .filter(current_of__isnull=False)
        .select_related("definition_of")
        .order_by("definition_of__code")
    )
    if words := chosen.get("q"):
        rows = rows.filter(
            Q(name__icontains=words)
            | Q(definition__icontains=words)
            | Q(result_area__icontains=words)
            | Q(definition_of__code__icontains=words)
        )
    if level := chosen.get("level"):
        rows = rows.filter(result_level=level)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    used = set(programme.indicators.values_list("definition_id", flat=True))
    for version in page:
        version.is_used = version.definition_of_id in used
    context = {"programme": programme, "page": page, "form": form, "crumbs": crumbs_of(programme)}
    return render(request, "programmes/indicator_add.html", context)


@GET_OR_POST
def indicator_tailor(request: HttpRequest, code: str, definition: str) -> HttpResponse:
    """Make one library indicator fit."""
    programme = administered_programme(request, code)
    version = get_object_or_404(
        IndicatorVersion.objects.visible_to(request.user).select_related("definition_of"),
        current_of__code=definition,
    )
    rules = rules_on(local_day(programme, timezone.now()))
    initial = {
        "frequency": version.frequency,
        "on_track_from": rules.on_track_from,
        "at_risk_from": rules.at_risk_from,
    }
    form = TailorForm(posted(request), initial=initial, programme=programme, version=version)
    formset = MilestoneFormSet(posted(request), prefix="milestones")
    if request.method == "POST" and formset.is_valid():
        indicator = attempt(
            form,
            actions.tailor_indicator,
            programme=programme,
            version=version,
            milestones=milestones_in(formset),
            by=request.user,
            at=timezone.now(),
        )
        if indicator:
            messages.success(request, _("%s now belongs to this programme.") % indicator)
            return redirect("programme-design", code=code)
    context = {
        "programme": programme,
        "version": version,
        "form": form,
        "formset": formset,
        "cancel_url": reverse("indicator-add", args=[code]),
        "crumbs": crumbs_of(programme, (_("Add an indicator"), reverse("indicator-add", args=[code]))),
    }
    return render(request, "programmes/indicator_tailor.html", context)


@GET_OR_POST
def indicator_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Change how an indicator is used; its targets have a page of their own."""
    indicator = administered_indicator(request, code, pk)
    initial: dict[str, Any] = {name: getattr(indicator, name) for name in (*FIELDS, "row_version")}
    initial |= {name: initial[name].all() for name in ("units", "releasable_to")}
    form = UseChangeForm(posted(request), initial=initial, programme=indicator.programme)
    if request.method == "POST" and attempt(
        form, actions.change_indicator, indicator=indicator, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("Saved."))
        return redirect("programme-design", code=code)
    context = _about(indicator) | {"form": form, "cancel_url": reverse("programme-design", args=[code])}
    return render(request, "programmes/indicator_edit.html", context)


def _about(indicator: ProgrammeIndicator) -> dict[str, Any]:
    return {
        "programme": indicator.programme,
        "indicator": indicator,
        "version": indicator.version,
        "crumbs": crumbs_of(indicator.programme, (indicator.definition.code, indicator.get_absolute_url())),
    }


@GET_OR_POST
def target_revise(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Agree anew on targets; above it stands every agreement so far, old to new."""
    indicator = seen_indicator(request, code, pk)
    check_may_administer(request.user)
    revisions = list(
        indicator.revisions.select_related("created_by", "proposal__decided_by", "decision").prefetch_related(
            "milestones", "sign_offs__partner"
        )
    )
    newest = revisions[-1] if revisions else None
    initial = (
        {name: getattr(newest, name) for name in PLAN_FIELDS} | {"number": newest.number} if newest else {}
    )
    if request.GET.get("decision", ""):
        initial |= {"decision": request.GET["decision"], "reason_code": TargetRevision.Reason.EVALUATION}
    form = RevisionForm(
        posted(request), initial=initial, version=indicator.version, programme=indicator.programme
    )
    formset = MilestoneFormSet(
        posted(request),
        prefix="milestones",
        initial=_milestones_of(newest),
    )
    if request.method == "POST" and formset.is_valid():
        revision = attempt(
            form,
            actions.revise_target,
            indicator=indicator,
            milestones=milestones_in(formset),
            by=request.user,
            at=timezone.now(),
        )
        if revision:
            if isinstance(revision, TargetProposal):
                messages.info(
                    request,
                    _(
                        "Proposed. The thresholds lie below the usual ones: a second person decides, "
                        "and until then the old ones hold."
                    ),
                )
            else:
                messages.success(
                    request, _("Agreement %d is in force; the old one is kept.") % revision.number
                )
            return redirect("target-revise", code=code, pk=pk)
    today = local_day(indicator.programme, timezone.now())
    frozen = frozen_from(indicator.programme, rules_on(today))
    context = _about(indicator) | {
        "form": form,
        "formset": formset,
        "revisions": revisions,
        "proposal": TargetProposal.objects.visible_to(request.user)
        .filter(indicator=indicator, state="pending")
        .select_related("proposed_by")
        .first(),
        "frozen_from": frozen if today >= frozen else None,
        "cancel_url": reverse("programme-design", args=[code]),
    }
    return render(request, "programmes/target_revise.html", context)


@GET_OR_POST
def proposal_decide(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Thresholds below the usual ones, for the second person: what holds, what is proposed and why."""
    seen = TargetProposal.objects.visible_to(request.user).select_related(
        "indicator__programme", "indicator__version", "indicator__definition", "based_on", "proposed_by",
        "decided_by", "revision",
    )  # fmt: skip
    proposal = get_object_or_404(seen, pk=pk, indicator__programme__code=code)
    user: Any = request.user
    check_may_see_people(user)
    if request.method == "POST":
        check_may_decide_proposal(user, proposal)
    form = DecideForm(posted(request))
    if request.method == "POST":
        decided = attempt(
            form,
            actions.decide_proposal,
            proposal=proposal,
            approve=request.POST.get("decision") == "approve",
            by=request.user,
            at=timezone.now(),
        )
        if decided:
            messages.success(request, _("Stored."))
            return redirect(proposal.indicator)
    today = local_day(proposal.indicator.programme, timezone.now())
    is_pending = proposal.state == TargetProposal.State.PENDING
    context = _about(proposal.indicator) | {
        "proposal": proposal,
        "old": proposal.based_on,
        "usual": rules_on(today),
        "form": form,
        "may_decide": may(check_may_decide_proposal, user, proposal),
        "why_not": why_not(check_may_decide_proposal, user, proposal) if is_pending else "",
    }
    return render(request, "programmes/proposal_decide.html", context)


def _milestones_of(revision: TargetRevision | None) -> list[dict[str, Any]]:
    if revision is None:
        return []
    return [{"due_on": m.due_on, "value": m.value, "label": m.label} for m in revision.milestones.all()]


@GET_OR_POST
def indicator_sign_off(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A partner's own page: what is proposed, and their word on it."""
    indicator = seen_indicator(request, code, pk)
    check_may_sign_off(request.user, indicator)
    revision = indicator.plan
    mine = SignOff.objects.visible_to(request.user).filter(indicator=indicator, partner=request.user.partner)
    answers = list(mine.select_related("revision", "by", "partner").order_by("-at"))
    answered = revision is not None and any(row.revision_id == revision.pk for row in answers)
    form = SignOffForm(posted(request), initial={"number": revision.number if revision else None})
    if request.method == "POST" and attempt(
        form, actions.sign_off, indicator=indicator, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("Your answer is recorded."))
        return redirect("indicator-sign-off", code=code, pk=pk)
    context = _about(indicator) | {
        "form": form,
        "revision": revision,
        "milestones": list(revision.milestones.all()) if revision else [],
        "answers": answers,
        "answered": answered,
    }
    return render(request, "programmes/indicator_sign_off.html", context)
