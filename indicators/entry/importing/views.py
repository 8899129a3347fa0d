"""Pages of files on their way in. Lock, call, answer: each finds, calls one action, shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from indicators.entry.importing import actions, showing
from indicators.entry.importing.applying import count_reversible
from indicators.entry.importing.forms import (
    FileForm,
    LayoutForm,
    TableForm,
    TemplateForm,
    WordsForm,
    initial_of,
)
from indicators.entry.importing.refused import refused_csv, refused_xlsx
from indicators.entry.importing.template import write_template
from indicators.entry.views import number_or, tell
from indicators.models import FileImport, ImportRow, ImportState, Programme, RowKind
from indicators.permissions import check_may_import

PER_PAGE = 50
GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def seen_programme(request: HttpRequest, code: str) -> Programme:
    """The lock: 404 for strangers, 403 for those who enter no figures."""
    user: Any = request.user
    programme = get_object_or_404(Programme.objects.visible_to(user), code=code)
    check_may_import(user, programme)
    return programme


def seen_import(request: HttpRequest, code: str, pk: int) -> FileImport:
    user: Any = request.user
    files = FileImport.objects.visible_to(user).select_related("programme", "by", "applied_by", "undone_by")
    found: FileImport = get_object_or_404(files, pk=pk, programme__code=code)
    check_may_import(user, found.programme)
    return found


@GET_OR_POST
def import_list(request: HttpRequest, code: str) -> HttpResponse:
    """The programme's files, the way to send one, and the workbook to fill in."""
    programme = seen_programme(request, code)
    form = FileForm(request.POST or None, request.FILES or None) if request.method == "POST" else FileForm()
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            made = actions.create_import(
                programme=programme,
                file=file,
                name=file.name,
                by=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect(made)
    files = FileImport.objects.filter(programme=programme).select_related("programme", "by")
    context = {
        "programme": programme,
        "form": form,
        "template_form": TemplateForm(programme=programme),
        "page": Paginator(files, PER_PAGE).get_page(number_or(request.GET.get("page", "1"))),
    }
    return render(request, "entry/import_list.html", context, status=422 if form.errors else 200)


@never_cache
@require_GET
@vary_on_headers("HX-Request")
def import_detail(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """One file: where it stands, and what its person does next."""
    found = seen_import(request, code, pk)
    if request.htmx:  # type: ignore[attr-defined]
        if not found.is_moving:
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "entry/_import_progress.html", {"one": found, "programme": found.programme})
    return render(request, "entry/import_detail.html", detail_context(request, found))


def detail_context(request: HttpRequest, found: FileImport) -> dict[str, Any]:
    kinds = found.counts.get("kinds", {})
    context: dict[str, Any] = {
        "one": found,
        "programme": found.programme,
        "kinds": [(kind, RowKind(kind).label, kinds.get(kind, 0)) for kind in RowKind.values]
        if kinds
        else [],
        "rows_in_all": found.rows_in_all,
        "crumbs": _crumbs(found.programme),
        "is_applicable": found.state == ImportState.CHECKED and _is_applicable(found),
        "same_file": _taken_over_before(found),
    }
    if found.state == ImportState.MAPPING:
        context |= layout_context(found)
    elif kinds and found.state not in {ImportState.DISCARDED, ImportState.CHECKING}:
        context |= rows_context(request, found, kinds)
    return context


def _crumbs(programme: Programme) -> list[tuple[str, str]]:
    return [
        (programme.code, programme.get_absolute_url()),
        (_("Files"), reverse("import-list", args=[programme.code])),
    ]


def _is_applicable(found: FileImport) -> bool:
    try:
        actions.check_is_applicable(found)
    except ValidationError:
        return False
    return True


def _taken_over_before(found: FileImport) -> FileImport | None:
    same = FileImport.objects.filter(
        programme=found.programme_id,  # type: ignore[attr-defined]
        sha256=found.sha256,
        state=ImportState.APPLIED,
    )
    return same.exclude(pk=found.pk).select_related("programme").first()


def rows_context(request: HttpRequest, found: FileImport, kinds: dict[str, int]) -> dict[str, Any]:
    """One page of the rows of one kind: what is wrong first."""
    kind = request.GET.get("kind", "")
    if kind not in RowKind.values:
        usual = ("problem", "corrected", "changed", "new", "same")
        kind = next((one for one in usual if kinds.get(one)), "new")
    number = max(number_or(request.GET.get("page", "1")), 1)
    page = Paginator(range(kinds.get(kind, 0)), PER_PAGE).get_page(number)
    start = (page.number - 1) * PER_PAGE
    rows = list(
        ImportRow.objects.filter(file_import=found, kind=kind).order_by("row", "pk")[start : start + PER_PAGE]
    )
    is_wrong = kind == RowKind.PROBLEM
    return {
        "kind": kind,
        "page": page,
        "problems": showing.problems(rows) if is_wrong else [],
        "lines": [] if is_wrong else showing.differences(rows),
        "words_form": words_form(found) if found.state == ImportState.CHECKED else None,
    }


def words_form(found: FileImport, data: Any = None) -> WordsForm | None:
    words = found.counts.get("words", [])
    return WordsForm(data, words=words, ours=showing.our_words(found.programme)) if words else None


def layout_context(found: FileImport, data: Any = None) -> dict[str, Any]:
    dimensions = showing.dimensions_of(found.programme)
    form = LayoutForm(data, file_import=found, dimensions=dimensions, initial=initial_of(found))
    layout = found.layout or {}
    lines = found.preview.get("lines", [])
    begins = max(layout.get("header", 1), layout.get("tags", 0)) + 1
    samples = [cells for number, cells in lines if number >= begins][:3]
    names = layout.get("names", [])
    columns = [
        {
            "field": form[f"column-{place}"],
            "name": name,
            "samples": list(
                dict.fromkeys(cells[place] for cells in samples if place < len(cells) and cells[place])
            ),
            "is_unknown": name in found.preview.get("unknown", []),
        }
        for place, name in enumerate(names)
    ]
    return {
        "layout_form": form,
        "columns": columns,
        "fixed": [form[f"fixed-{name}"] for name in ("indicator", "partner", "period", "unit", "cell")],
        "table_form": TableForm(
            file_import=found,
            initial={name: layout.get(name) for name in ("table", "encoding", "delimiter", "header")},
        ),
        "preview": lines,
        "layout": layout,
        "is_certain": found.preview.get("is_certain", True),
    }


@require_POST
def import_layout(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Confirm what each column says."""
    found = seen_import(request, code, pk)
    form = LayoutForm(request.POST, file_import=found, dimensions=showing.dimensions_of(found.programme))
    if form.is_valid():
        try:
            actions.confirm_layout(
                file_import=found,
                layout=actions.layout_of(found, form.chosen()),
                by=request.user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except ValidationError as refusal:
            if getattr(refusal, "code", "") == "conflict":
                tell(request, refusal)
                return redirect(found)
            form.add_error(None, ValidationError(refusal.messages))
        else:
            return redirect(found)
    context = detail_context(request, found) | layout_context(found, request.POST)
    context["layout_form"] = form
    return render(request, "entry/import_detail.html", context, status=422)


@require_POST
def import_table(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Have another sheet or header row looked into, or the file in other letters."""
    found = seen_import(request, code, pk)
    form = TableForm(request.POST, file_import=found)
    if not form.is_valid():
        tell(request, ValidationError([one for some in form.errors.values() for one in some]))
        return redirect(found)
    given = {name: value for name, value in form.cleaned_data.items() if value}
    return _done(request, found, actions.look_again, **given)


@require_POST
def import_words(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Say what words of the file mean; every row is checked again."""
    found = seen_import(request, code, pk)
    form = words_form(found, request.POST)
    if form is None or not form.is_valid() or not form.matched():
        messages.warning(request, _("Nothing was matched; choose what at least one word means."))
        return redirect(found)
    return _done(request, found, actions.match_words, words=form.matched(), at=timezone.now())


@require_POST
def import_check(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Compare the file with what stands now."""
    return _done(request, seen_import(request, code, pk), actions.check_again)


@require_POST
def import_columns(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Go back to what the columns say."""
    return _done(request, seen_import(request, code, pk), actions.back_to_layout)


@require_POST
def import_apply(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take the file over as a whole."""
    return _done(request, seen_import(request, code, pk), actions.apply_import, at=timezone.now())


@require_POST
def import_discard(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Throw it away before it did anything."""
    return _done(request, seen_import(request, code, pk), actions.discard_import, at=timezone.now())


@GET_OR_POST
def import_undo(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Undo what the file did: first say what can be undone, and what cannot."""
    found = seen_import(request, code, pk)
    if request.method == "POST":
        return _done(request, found, actions.undo_import, at=timezone.now())
    if found.state != ImportState.APPLIED:
        messages.warning(request, _("Only what was taken over can be undone."))
        return redirect(found)
    counts = count_reversible(found)
    context = {
        "title": _("Undo this import?"),
        "text": " ".join(showing.reversible_words(counts)),
        "action": request.path,
        "confirm_label": _("Undo the import"),
        "danger": True,
        "cancel_url": found.get_absolute_url(),
    }
    return render(request, "components/confirm_page.html", context)


def _done(request: HttpRequest, found: FileImport, act: Any, **what: Any) -> HttpResponse:
    try:
        act(file_import=found, by=request.user, **what)
    except ValidationError as refusal:
        tell(request, refusal)
    return redirect(found)


@require_GET
def import_problems(request: HttpRequest, code: str, pk: int, kind: str) -> HttpResponse:
    """The refused rows as a file, with a column that says why: to mend and send again."""
    found = seen_import(request, code, pk)
    if not found.file or not found.counts.get("kinds", {}).get("problem"):
        raise Http404
    try:
        content = refused_csv(found) if kind == "csv" else refused_xlsx(found)
    except (ValidationError, FileNotFoundError):
        raise Http404 from None
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8" if kind == "csv" else XLSX)
    answer["Content-Disposition"] = f'attachment; filename="refused-{found.pk}.{kind}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer


@require_GET
def import_template(request: HttpRequest, code: str) -> HttpResponse:
    """A workbook to fill in for one period."""
    programme = seen_programme(request, code)
    form = TemplateForm(request.GET, programme=programme)
    if not form.is_valid():
        raise Http404
    period = form.cleaned_data["period"]
    content = write_template(programme, period, today=timezone.now().astimezone(programme.zone).date())
    answer = HttpResponse(content, content_type=XLSX)
    answer["Content-Disposition"] = f'attachment; filename="{programme.code}-{period.starts_on}.xlsx"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
