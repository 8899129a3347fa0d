"""What I was told, how often I am written to, and the address of my calendar. Each view calls one action."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from indicators.accounts import actions
from indicators.accounts.following import follow, unfollow
from indicators.accounts.forms import DigestForm, NoticeChoiceForm, attempt
from indicators.accounts.views import account_page
from indicators.models import Following, Notice, Programme, ProgrammeIndicator
from indicators.notices import leads_to, sentence_of
from indicators.sent import whole_number

PAGE = 50


@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """My notices, the newest first. Four queries beside the page's own."""
    rows = Notice.objects.visible_to(request.user)
    only_unread = request.GET.get("show") != "all"
    page = Paginator(rows.unread() if only_unread else rows, PAGE).get_page(request.GET.get("page"))
    lines = [{"notice": one, "text": sentence_of(one), "link": leads_to(one)} for one in page]
    context = {
        "page": page,
        "lines": lines,
        "only_unread": only_unread,
        "followings": Following.objects.visible_to(request.user).select_related(
            "programme", "indicator__definition", "indicator__version"
        ),
    }
    return render(request, "accounts/notice_list.html", context)


@require_POST
def notices_read(request: HttpRequest) -> HttpResponse:
    """Mark one as read, or all of them."""
    given = request.POST.get("notice", "")
    only = (whole_number(given) or 0) if given else None
    actions.read_notices(only=only, by=request.user, at=timezone.now())
    return redirect("notice-list")


@require_POST
def follow_set(request: HttpRequest) -> HttpResponse:
    """Follow a programme or an indicator, or no longer."""
    programme = get_object_or_404(
        Programme.objects.visible_to(request.user), code=request.POST.get("programme", "")
    )
    indicator, given = None, request.POST.get("indicator", "")
    if given:
        seen = ProgrammeIndicator.objects.visible_to(request.user).filter(programme=programme)
        indicator = get_object_or_404(seen, pk=whole_number(given))
    if request.POST.get("follow") == "1":
        follow(programme=programme, indicator=indicator, by=request.user, at=timezone.now())
        messages.success(request, _("You are told when a status changes or an assessment is done."))
    else:
        unfollow(programme=programme, indicator=indicator, by=request.user)
        messages.success(request, _("You no longer follow this."))
    if request.POST.get("back") == "notices":
        return redirect("notice-list")
    return redirect(indicator or programme)


@require_POST
def digest_set(request: HttpRequest) -> HttpResponse:
    """How often I am written to."""
    form = DigestForm(request.POST)
    if attempt(form, actions.set_digest, by=request.user, at=timezone.now()):
        messages.success(request, _("Saved."))
        return redirect("my-account")
    return account_page(request, digest_form=form)


@require_POST
def notice_choices_set(request: HttpRequest) -> HttpResponse:
    """What I am told of, and whether by mail too."""
    form = NoticeChoiceForm(request.POST)
    if attempt(form, actions.set_notice_choices, by=request.user, at=timezone.now()):
        messages.success(request, _("Saved."))
        return redirect("my-account")
    return account_page(request, choice_form=form)


@require_POST
def calendar_new(request: HttpRequest) -> HttpResponse:
    """Make the secret address of my calendar; it is shown on the answer, once. An older one ends."""
    secret = actions.make_calendar_address(by=request.user, at=timezone.now())
    return account_page(request, calendar=secret)


@require_POST
def calendar_end(request: HttpRequest) -> HttpResponse:
    actions.end_calendar_address(by=request.user, at=timezone.now())
    messages.success(request, _("The calendar's address no longer works."))
    return redirect("my-account")
