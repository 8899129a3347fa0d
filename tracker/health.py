"""Two questions a machine asks: does this process answer, and can it do its work? Changes nothing."""

from typing import Any

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

OVERDUE_ALERT_SECONDS = 15 * 60


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers. Touches neither database nor broker."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when database and broker answer, else 503; with the age in seconds of the oldest assessment not yet done.

    `oldest_overdue_seconds` is None when nothing is overdue or the database cannot tell. Watch `overdue`: it is true
    from 15 minutes on, and catches a dead worker, a dead clock and a lost queue alike.
    """
    database, oldest = _ask_database()
    broker = _ask_broker()
    ready = database == "ok" and broker == "ok"
    answer: dict[str, Any] = {
        "ready": ready,
        "version": settings.VERSION,
        "database": database,
        "broker": broker,
        "oldest_overdue_seconds": oldest,
        "overdue": oldest is not None and oldest > OVERDUE_ALERT_SECONDS,
    }
    return JsonResponse(answer, status=200 if ready else 503)


def _ask_database() -> tuple[str, int | None]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('indicators_dueassessment') IS NOT NULL")
            row = cursor.fetchone()
    except DatabaseError:
        return "unreachable", None
    if not (row and row[0]):
        return "not migrated", None
    return "ok", _oldest_overdue_seconds()


def _oldest_overdue_seconds() -> int | None:
    query = """SELECT floor(extract(epoch FROM clock_timestamp() - min(due_at)))::int FROM indicators_dueassessment
               WHERE state IN ('due', 'leased') AND due_at < clock_timestamp()"""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
    except DatabaseError:
        return None
    return None if row is None else row[0]


def _ask_broker() -> str:
    client = redis.Redis.from_url(settings.CACHE_URL, socket_connect_timeout=2, socket_timeout=2)
    try:
        client.ping()
    except redis.exceptions.RedisError:
        return "unreachable"
    finally:
        client.close()
    return "ok"
