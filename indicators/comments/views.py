"""The talk about one thing as a page of its own, and what is done to a comment. Each view calls one action."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from indicators import commenting
from indicators.comments.forms import CommentForm, EditForm
from indicators.models import Comment, Finding
from indicators.permissions import check_may_change_comment

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


def _page_of(subject: commenting.Subject) -> str:
    """The subject's own page, where its comments stand."""
    match subject:
        case Finding():
            return f"{subject.evaluation.get_absolute_url()}#finding-{subject.pk}"
        case _:
            return f"{subject.get_absolute_url()}#comments"


@GET_OR_POST
def talk_page(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Everything said about one thing, and a form to say more."""
    user: Any = request.user
    subject = get_object_or_404(commenting.every_subject(user, kind), pk=pk)
    form = CommentForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        answered = _write(request, subject, form)
        if answered is not None:
            return answered
    context = {
        "subject": subject,
        "subject_name": commenting.name_of(subject),
        "subject_url": _page_of(subject),
        "programme": commenting.programme_of(subject),
        "talk": commenting.talk_about(user, subject),
        "comment_form": form,
        "marking": _marking_of(subject),
    }
    return render(request, "comments/talk.html", context, status=422 if form.errors else 200)


def _write(request: HttpRequest, subject: commenting.Subject, form: CommentForm) -> HttpResponse | None:
    """None when the action refuses; the form then says why."""
    given, user = form.cleaned_data, request.user
    answers = None
    if given["answers"] is not None:
        answers = get_object_or_404(
            Comment.objects.visible_to(user).select_related("answers"),  # type: ignore[arg-type]
            pk=given["answers"],
        )
    try:
        said = commenting.write_comment(
            subject=subject,
            text=given["text"],
            answers=answers,
            for_partners=given["for_partners"],
            by=user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except ValidationError as refusal:
        form.add_error(None, refusal)
        return None
    _say_unknown(request, said)
    return redirect(said.comment)


def _say_unknown(request: HttpRequest, said: commenting.Said) -> None:
    if said.unknown:
        names = ", ".join(f"@{name}" for name in said.unknown[:5])
        messages.warning(request, _("Nobody of this name reads this, so nobody was told: %s") % names)


def _marking_of(subject: commenting.Subject) -> str:
    return "" if isinstance(subject, Finding) else subject.marking


def _find(request: HttpRequest, pk: int) -> Comment:
    return get_object_or_404(Comment.objects.visible_to(request.user).select_related("by"), pk=pk)  # type: ignore[arg-type]


@GET_OR_POST
def comment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Say it otherwise; what was said before stays readable."""
    comment, user = _find(request, pk), request.user
    check_may_change_comment(user, comment)  # type: ignore[arg-type]
    form = EditForm(request.POST if request.method == "POST" else None, initial={"text": comment.text})
    if request.method == "POST" and form.is_valid():
        try:
            said = commenting.edit_comment(
                comment=comment,
                text=form.cleaned_data["text"],
                by=user,  # type: ignore[arg-type]
                at=timezone.now(),
            )
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            _say_unknown(request, said)
            return redirect(comment)
    context = {"form": form, "comment": comment, "back": comment.get_absolute_url()}
    return render(request, "comments/comment_edit.html", context, status=422 if form.errors else 200)


@require_POST
def comment_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    comment = _find(request, pk)
    commenting.withdraw_comment(comment=comment, by=request.user, at=timezone.now())  # type: ignore[arg-type]
    messages.success(
        request, _("Withdrawn. That there was a comment stays, what it said is shown to nobody.")
    )
    return redirect(comment)


@require_POST
def comment_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Dealt with, or open again (resolved=0)."""
    comment = _find(request, pk)
    try:
        commenting.resolve_comment(
            comment=comment,
            is_resolved=request.POST.get("resolved") != "0",
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
        )
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return redirect(comment)
