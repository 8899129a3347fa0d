"""What every request passes: headers, refusal of NUL bytes, session limits. No access rules."""

import time
from collections.abc import Callable
from http import HTTPStatus

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views import defaults

Handler = Callable[[HttpRequest], HttpResponse]

SEEN_EVERY_SECONDS = 60  # a session row is written at most this often, so that reading pages does not write


def security_headers(get_response: Handler) -> Handler:
    policy = "; ".join(f"{name} {' '.join(sources)}" for name, sources in settings.SECURE_CSP.items())

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy)
        response.headers.setdefault("Permissions-Policy", settings.SECURE_PERMISSIONS_POLICY)
        user = getattr(request, "user", None)
        if user is not None and user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware


def refuse_nul_bytes(get_response: Handler) -> Handler:
    """PostgreSQL stores no NUL character, so a request that carries one in its address is answered 400, not 500."""

    def middleware(request: HttpRequest) -> HttpResponse:
        query = request.META.get("QUERY_STRING", "")
        if "\0" in request.path_info or "\0" in query or "%00" in query:
            return bad_request(request, reason=_("The address contains a NUL character (%00); remove it."))
        return get_response(request)

    return middleware


def limit_sessions(get_response: Handler) -> Handler:
    """Ends a session after SESSION_IDLE_SECONDS without a request, and SESSION_COOKIE_AGE after login in any case."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            started = request.session.setdefault("started_at", now)
            seen = request.session.setdefault("seen_at", now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - started > settings.SESSION_COOKIE_AGE:
                logout(request)
            elif now - seen >= SEEN_EVERY_SECONDS:
                request.session["seen_at"] = now
        return get_response(request)

    return middleware


def bad_request(request: HttpRequest, exception: Exception | None = None, reason: str = "") -> HttpResponse:
    """Answer 400 with its reason, as a page or, under /api/, as a problem document. Also Django's `handler400`."""
    reason = reason or _("The request could not be understood.")
    if _is_machine(request):
        return _problem(400, reason)
    return render(request, "400.html", {"reason": reason}, status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler403`."""
    return (
        _problem(403, _("You may not do this."))
        if _is_machine(request)
        else defaults.permission_denied(request, exception)
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's `handler404`."""
    return (
        _problem(404, _("Nothing is here."))
        if _is_machine(request)
        else defaults.page_not_found(request, exception)
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's `handler500`: the fault is in the log, and not in the answer."""
    if _is_machine(request):
        return _problem(500, _("Something went wrong on our side. Nothing was half-saved."))
    return defaults.server_error(request)


def _is_machine(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")


def _problem(status: int, detail: str) -> HttpResponse:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JsonResponse(body, status=status, content_type="application/problem+json")


class ClosedSignup(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody registers themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
