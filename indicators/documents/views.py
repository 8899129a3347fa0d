"""Pages of documents: ask for one, see how far it is, take it. Each view calls one action."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from indicators.documents import actions
from indicators.events import remember
from indicators.models import Document

PAGE = 25
CONTENT_TYPES = {
    Document.Format.PDF: "application/pdf",
    Document.Format.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    Document.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_safe
def document_list(request: HttpRequest) -> HttpResponse:
    """One's own documents, the newest first; those under way show how far they are."""
    rows = Document.objects.visible_to(request.user).select_related("programme").defer("content")  # type: ignore[arg-type]
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "is_moving": any(one.is_moving for one in page.object_list)}
    template = "documents/_rows.html" if request.htmx else "documents/document_list.html"  # type: ignore[attr-defined]
    return render(request, template, context)


@require_POST
def document_request(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Have a document built, in the language of the page."""
    try:
        made = actions.request_document(
            kind=kind,
            key=key[:40],
            file_format=request.POST.get("format", Document.Format.PDF),
            language=translation.get_language() or "en",
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    else:
        messages.success(
            request, _("%(document)s is being built; it appears here.") % {"document": made.title}
        )
    return redirect("document-list")


@require_safe
def document_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file, always as a download."""
    found = get_object_or_404(Document.objects.visible_to(request.user), pk=pk)  # type: ignore[arg-type]
    if found.state != Document.State.READY or found.content is None:
        raise Http404
    answer = HttpResponse(bytes(found.content), content_type=CONTENT_TYPES[Document.Format(found.format)])
    answer["Content-Disposition"] = f'attachment; filename="{found.file_name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    if request.method == "GET":
        remember(
            "took a document",
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            about=found,
            programme=found.programme,
            after={"sha256": found.sha256},
        )
    return answer


@require_POST
def document_remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it off the list."""
    rows = Document.objects.visible_to(request.user).select_related("programme").defer("content")  # type: ignore[arg-type]
    actions.remove_document(document=get_object_or_404(rows, pk=pk), by=request.user, at=timezone.now())  # type: ignore[arg-type]
    return redirect("document-list")
