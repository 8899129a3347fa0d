"""What the acts of the machine door share: a key that does nothing twice, and a version that was read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from indicators.api.problems import KeyUsedBefore, PreconditionFailed, PreconditionRequired
from indicators.entry.once import answer_once

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="Chosen by the sender, 1 to 76 characters. The same key and body give the same answer for a week.",
)
VERSION = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="The ETag that was read."
)


def check_version(request: Request, current: str) -> None:
    """Raise 428 without If-Match, 412 when it names another version than the one that stands now."""
    match = request.headers.get("If-Match")
    if match is None:
        raise PreconditionRequired
    if match != current:
        raise PreconditionFailed


def act_once(request: Request, given: Any, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `act` answers; with an Idempotency-Key that was answered before, what it answered then.

    The version is checked inside `act`: a request that is repeated because its answer got lost finds that answer,
    although what it read has changed since by itself.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return act()
    content = [request.method, request.path, json.loads(json.dumps(given, cls=JSONEncoder))]
    try:
        return answer_once(
            key=f"act {key}"[:81],
            content=content,
            by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            answer=lambda: json.loads(json.dumps(act(), cls=JSONEncoder)),
        )
    except DjangoValidationError as refusal:
        if getattr(refusal, "code", "") != "key":
            raise
        raise KeyUsedBefore(" ".join(refusal.messages)) from None
