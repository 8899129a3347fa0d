"""Pages of a course register. Lock, call, answer: each finds the run, calls one action, shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from indicators.entry.register import actions, columns
from indicators.entry.register.forms import RegisterFileForm, RunFactsForm
from indicators.entry.register.grid import SHEETS, make_grid, sheet_name, touched_lines
from indicators.entry.register.importing import look_into
from indicators.entry.register.planning import Line, Plan, load_standing
from indicators.entry.register.proposing import proposals, propose_figures
from indicators.entry.views import number_or
from indicators.models import AgeBand, CourseRun, Partner
from indicators.permissions import (
    check_may_administer,
    check_may_enter_register,
    check_may_see_register,
    may,
)
from indicators.registers import FACTS

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
SALT = "course register"
SHOWN_CHANGES = 300


def seen_run(request: HttpRequest, code: str, pk: int) -> CourseRun:
    """The lock of every page about one register: 404 for strangers, 403 for those who read no single records."""
    runs = CourseRun.objects.visible_to(request.user).select_related("course__programme", "unit")  # type: ignore[arg-type]
    run: CourseRun = get_object_or_404(runs, pk=pk, course__programme__code=code)
    check_may_see_register(request.user, run.course.programme)  # type: ignore[arg-type]
    return run


def around(request: HttpRequest, run: CourseRun, current: str) -> dict[str, Any]:
    """What stands on each of these pages."""
    code = run.course.programme.code
    sheets = [
        {
            "label": sheet_name(sheet),
            "url": f"{reverse('register-edit', args=[code, run.pk])}?sheet={sheet}",
            "current": sheet == current,
        }
        for sheet in SHEETS
    ]
    others = {
        "run-facts": _("Cost and hours"),
        "register-import": _("From a file"),
        "register-propose": _("Figures for approval"),
    }
    return {
        "run": run,
        "programme": run.course.programme,
        "may_enter": may(check_may_enter_register, request.user, run.course.programme),
        "tabs": sheets
        + [
            {"label": label, "url": reverse(name, args=[code, run.pk]), "current": name == current}
            for name, label in others.items()
        ],
        "crumbs": [
            (code, run.course.programme.get_absolute_url()),
            (_("Courses"), reverse("course-list", args=[code])),
            (run.code, reverse("run-results", args=[code, run.pk])),
        ],
    }


@GET_OR_POST
def register_edit(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """The grid: participants, tests, follow-ups. One POST keeps a whole sheet or nothing."""
    run = seen_run(request, code, pk)
    sheet = request.GET.get("sheet", "people")
    if sheet not in SHEETS:
        raise Http404
    if request.method == "POST":
        return _keep_sheet(request, run, sheet)
    return _show_sheet(request, run, sheet)


def _keep_sheet(request: HttpRequest, run: CourseRun, sheet: str) -> HttpResponse:
    typed = {name: request.POST[name] for name in request.POST}
    try:
        plan = actions.keep_lines(
            run=run,
            lines=touched_lines(load_standing(run), sheet, typed),
            version=number_or(request.POST.get("version", ""), 0),
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except actions.Refused as refusal:
        return _show_sheet(request, run, sheet, typed=typed, problems=refusal.plan.problems, status=422)
    except ValidationError as refusal:
        run.refresh_from_db()
        return _show_sheet(request, run, sheet, typed=typed, refusal=refusal, status=409)
    messages.success(request, _said(plan))
    return redirect(f"{request.path}?sheet={sheet}")


def _said(plan: Plan) -> str:
    if not plan.changes:
        return _("Nothing was different from what is stored.")
    count = len(plan.changes)
    return ngettext("Saved: %(count)s cell.", "Saved: %(count)s cells.", count) % {"count": count}


def _show_sheet(
    request: HttpRequest,
    run: CourseRun,
    sheet: str,
    *,
    typed: dict[str, str] | None = None,
    problems: Any = (),
    refusal: ValidationError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = around(request, run, sheet)
    grid = make_grid(
        load_standing(run), sheet, typed=typed, problems=problems, may_enter=context["may_enter"]
    )
    context |= {
        "grid": grid,
        "problems": [(one, columns.label(one.column)) for one in problems],
        "refusal": refusal.messages if refusal else [],
        "is_stale": getattr(refusal, "code", "") == "stale",
        "nations": Partner.objects.order_by("code"),
        "age_bands": AgeBand.values,
        "is_removed": run.removed_at is not None,
    }
    return render(request, "entry/register_edit.html", context, status=status)


@require_POST
def participant_remove(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take out a participant of whom nothing is recorded."""
    run = seen_run(request, code, pk)
    try:
        actions.remove_participant(
            run=run,
            pseudonym=request.POST.get("pseudonym", "")[:40].replace("\x00", ""),
            version=number_or(request.POST.get("version", ""), 0),
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except ValidationError as refusal:
        run.refresh_from_db()
        return _show_sheet(request, run, "people", refusal=refusal, status=409)
    messages.success(request, _("Taken out."))
    return redirect(f"{reverse('register-edit', args=[code, pk])}?sheet=people")


@GET_OR_POST
def run_facts(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What holds for the run as a whole: pass mark, cost, hours."""
    run = seen_run(request, code, pk)
    initial = {name: getattr(run, name) for name in FACTS} | {"register_version": run.register_version}
    form = RunFactsForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":
        check_may_enter_register(request.user, run.course.programme)  # type: ignore[arg-type]
        if form.is_valid():
            given = {name: form.cleaned_data[name] for name in FACTS}
            version = number_or(form.cleaned_data["register_version"], 0)
            try:
                actions.set_run_facts(run=run, version=version, by=request.user, at=timezone.now(), **given)  # type: ignore[arg-type]
            except ValidationError as refusal:
                form.add_error(None, refusal.messages)
                run.refresh_from_db()
                again = request.POST.copy()
                again["register_version"] = str(run.register_version)
                form.data = again
            else:
                messages.success(request, _("Saved."))
                return redirect(request.path)
    context = around(request, run, "run-facts") | {"form": form}
    return render(request, "entry/run_facts.html", context, status=422 if form.errors else 200)


@GET_OR_POST
def register_import(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """A file: look first, then keep all or nothing."""
    run = seen_run(request, code, pk)
    context = around(request, run, "register-import") | {"form": RegisterFileForm()}
    if request.method == "POST":
        check_may_enter_register(request.user, run.course.programme)  # type: ignore[arg-type]
        if "token" in request.POST:
            return _keep_file(request, run, context)
        context |= _looked_into(request, run)
    refused = context["form"].errors or (context.get("plan") and context["plan"].problems)
    return render(request, "entry/register_import.html", context, status=422 if refused else 200)


def _looked_into(request: HttpRequest, run: CourseRun) -> dict[str, Any]:
    form = RegisterFileForm(request.POST, request.FILES)
    if not form.is_valid():
        return {"form": form}
    table = form.cleaned_data["file"]
    try:
        plan, lines = look_into(run=run, table=table)
    except ValidationError as refusal:
        form.add_error("file", refusal.messages)
        return {"form": form}
    found: dict[str, Any] = {"form": form, "plan": plan, "name": table.name}
    found["changes"] = [(one, columns.label(one.column)) for one in plan.changes[:SHOWN_CHANGES]]
    found["more"] = max(len(plan.changes) - SHOWN_CHANGES, 0)
    found["counts"] = [
        (_("new"), plan.count("new")),
        (_("changed"), plan.count("changed")),
        (_("same"), plan.same),
        (_("refused"), len(plan.problems)),
    ]
    if plan.changes and not plan.problems:
        kept = [[one.row, one.pseudonym, dict(one.cells)] for one in lines]
        found["token"] = signing.dumps(
            {"run": run.pk, "version": run.register_version, "sha256": table.sha256, "lines": kept},
            salt=SALT,
            compress=True,
        )
    return found


def _keep_file(request: HttpRequest, run: CourseRun, context: dict[str, Any]) -> HttpResponse:
    try:
        told = signing.loads(request.POST["token"], salt=SALT, max_age=24 * 3600)
    except (signing.BadSignature, ValueError):  # ValueError: broken characters
        told = {}
    if told.get("run") != run.pk:
        context["refusal"] = [_("What was looked at is no longer at hand; choose the file again.")]
        return render(request, "entry/register_import.html", context, status=409)
    lines = [Line(row=row, pseudonym=pseudonym, cells=cells) for row, pseudonym, cells in told["lines"]]
    try:
        plan = actions.keep_lines(
            run=run,
            lines=lines,
            version=told["version"],
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            source="file",
            sha256=told["sha256"],
        )
    except actions.Refused as refusal:
        context["plan"] = refusal.plan
        return render(request, "entry/register_import.html", context, status=422)
    except ValidationError as refusal:
        context["refusal"] = [*refusal.messages, _("Nothing was kept; choose the file again.")]
        return render(request, "entry/register_import.html", context, status=409)
    messages.success(request, _said(plan))
    return redirect("register-edit", code=run.course.programme.code, pk=run.pk)


@GET_OR_POST
def register_propose(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """What the register gives for each indicator, and the button that hands it in."""
    run = seen_run(request, code, pk)
    context = around(request, run, "register-propose")
    if request.method == "POST":
        try:
            done = propose_figures(
                run=run,
                version=number_or(request.POST.get("version", ""), 0),
                by=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except ValidationError as refusal:
            context["refusal"] = refusal.messages
            run.refresh_from_db()
        else:
            said = ngettext(
                "%(count)s figure submitted for approval.",
                "%(count)s figures submitted for approval.",
                len(done),
            )
            messages.success(request, said % {"count": len(done)})
            return redirect(request.path)
    today = timezone.now().astimezone(run.course.programme.zone).date()
    found = proposals(run, as_of=today)
    context |= {"proposals": found, "to_do": sum(one.is_to_do for one in found)}
    return render(
        request, "entry/register_propose.html", context, status=409 if context.get("refusal") else 200
    )


@GET_OR_POST
def registers_expired(request: HttpRequest) -> HttpResponse:
    """Registers past their time, for an administrator to remove."""
    check_may_administer(request.user)  # type: ignore[arg-type]
    today = timezone.localdate()
    found = actions.past_their_time(today=today)
    if request.method == "POST":
        chosen = number_or(request.POST.get("run", ""), 0)
        run = next((one for one in found if one.pk == chosen), None)
        if run is None:
            raise Http404
        try:
            count = actions.remove_register(run=run, by=request.user, at=timezone.now())  # type: ignore[arg-type]
        except ValidationError as refusal:
            raise PermissionDenied(" ".join(refusal.messages)) from None
        said = ngettext("%(count)s participant removed.", "%(count)s participants removed.", count)
        messages.success(request, said % {"count": count})
        return redirect(request.path)
    rows = [(run, actions.kept_until(run)) for run in found]
    return render(request, "entry/registers_expired.html", {"rows": rows})
