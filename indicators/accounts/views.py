"""Pages about people and one's own account. Each locks, calls one action, answers."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from knox.models import AuthToken

from indicators.accounts import actions
from indicators.accounts.forms import (
    DigestForm,
    NoticeChoiceForm,
    PersonChangeForm,
    PersonFilterForm,
    PersonForm,
    TokenForm,
    attempt,
)
from indicators.models import Membership, User
from indicators.permissions import check_may_administer

PAGE = 50
GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


def _crumbs() -> list[tuple[str, str]]:
    return [(_("People"), reverse("people-list"))]


@require_safe
def people_list(request: HttpRequest) -> HttpResponse:
    """Everybody with an account, for administrators."""
    check_may_administer(request.user)
    form = PersonFilterForm(request.GET or None)
    form.is_valid()
    chosen = getattr(form, "cleaned_data", {})
    rows = User.objects.visible_to(request.user).select_related("partner")
    if words := chosen.get("q"):
        rows = rows.filter(
            Q(username__icontains=words)
            | Q(first_name__icontains=words)
            | Q(last_name__icontains=words)
            | Q(email__icontains=words)
        )
    if state := chosen.get("state"):
        rows = rows.filter(is_active=state == "active")
    active = Membership.objects.active().values("pk")
    rows = rows.annotate(role_count=Count("memberships", filter=Q(memberships__in=active), distinct=True))
    page = Paginator(rows.order_by("username"), PAGE).get_page(request.GET.get("page"))
    return render(
        request, "accounts/people_list.html", {"page": page, "form": form, "filtered": any(chosen.values())}
    )


@GET_OR_POST
def person_new(request: HttpRequest) -> HttpResponse:
    """Add a person; the first password is shown on the answer, once."""
    check_may_administer(request.user)
    form = PersonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        made = attempt(form, actions.add_person, by=request.user, at=timezone.now())
        if made:
            person, password = made
            return _show_password(request, person, password)
    context = {"form": form, "title": _("Add a person"), "crumbs": _crumbs()}
    return render(request, "accounts/person_edit.html", context)


def _show_password(request: HttpRequest, person: User, password: str) -> HttpResponse:
    return render(
        request,
        "accounts/person_password.html",
        {"person": person, "password": password, "crumbs": _crumbs()},
    )


@GET_OR_POST
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    check_may_administer(request.user)
    person = get_object_or_404(User.objects.visible_to(request.user).select_related("partner"), pk=pk)
    initial = {name: getattr(person, name) for name in actions.FIELDS}
    form = PersonChangeForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and attempt(
        form, actions.change_person, person=person, by=request.user, at=timezone.now()
    ):
        messages.success(request, _("Saved."))
        return redirect("people-list")
    context = {
        "form": form,
        "person": person,
        "title": str(person),
        "crumbs": _crumbs(),
        "memberships": person.memberships.select_related("programme").order_by("programme__code", "role"),
        "today": timezone.localdate(),
    }
    return render(request, "accounts/person_edit.html", context)


@GET_OR_POST
def person_password(request: HttpRequest, pk: int) -> HttpResponse:
    """A new first password, for somebody who lost theirs."""
    check_may_administer(request.user)
    person = get_object_or_404(User.objects.visible_to(request.user), pk=pk)
    if request.method == "POST":
        password = actions.reset_password(person=person, by=request.user, at=timezone.now())
        return _show_password(request, person, password)
    return render(
        request,
        "components/confirm_page.html",
        {
            "title": _("Give %s a new password?") % person,
            "text": _("The old password, every session and every token end at once."),
            "action": request.path,
            "confirm_label": _("Give a new password"),
            "danger": True,
            "cancel_url": reverse("person-edit", args=[pk]),
        },
    )


# --- One's own account -------------------------------------------------------------------------------------


@require_safe
def my_account(request: HttpRequest) -> HttpResponse:
    """What I may do here, my notices, calendar and tokens, my password and second factor."""
    return account_page(request)


def account_page(
    request: HttpRequest,
    *,
    form: TokenForm | None = None,
    secret: str = "",
    digest_form: DigestForm | None = None,
    choice_form: NoticeChoiceForm | None = None,
    calendar: str = "",
) -> HttpResponse:
    """The page, with what was just made: a token's secret, or the calendar's, shown this once."""
    context = {
        "form": form or TokenForm(),
        "secret": secret,
        "digest_form": digest_form or DigestForm(initial={"digest": request.user.digest}),  # type: ignore[union-attr]
        "choice_form": choice_form or NoticeChoiceForm(initial=actions.notice_choices(request.user)),  # type: ignore[arg-type]
        "calendar": request.build_absolute_uri(reverse("calendar-feed", args=[calendar])) if calendar else "",
        "sends_mail": bool(settings.EMAIL_HOST),
        "memberships": Membership.objects.active().filter(user=request.user).select_related("programme"),
        "tokens": AuthToken.objects.filter(user=request.user, expiry__gt=timezone.now()).order_by("-created"),
    }
    return render(request, "accounts/my_account.html", context)


@require_POST
def token_new(request: HttpRequest) -> HttpResponse:
    """Make a token; it is shown on the answer, once."""
    form = TokenForm(request.POST)
    secret = attempt(form, actions.create_token, by=request.user, at=timezone.now())
    return account_page(request, form=form, secret=secret or "")


@require_POST
def token_revoke(request: HttpRequest, key: str) -> HttpResponse:
    token = get_object_or_404(AuthToken.objects.filter(user=request.user), token_key=key)
    actions.revoke_token(token=token, by=request.user, at=timezone.now())
    messages.success(request, _("The token no longer works."))
    return redirect("my-account")
