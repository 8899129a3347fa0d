"""What every request passes: headers, refusal of NUL bytes, session limits. No access rules."""

import time
from collections.abc import Callable

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

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
    if request.path_info.startswith("/api/"):
        problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "detail": reason}
        return JsonResponse(problem, status=400, content_type="application/problem+json")
    return render(request, "400.html", {"reason": reason}, status=400)


class ClosedSignup(DefaultAccountAdapter):
    """Accounts are made by an administrator; nobody registers themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
