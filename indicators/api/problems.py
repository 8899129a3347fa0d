"""Every refusal of the machine door as a problem document (RFC 9457) that names the field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler


class KeyUsedBefore(APIException):
    """422: an idempotency key came with something else before."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "key_used_before"


class PreconditionRequired(APIException):
    """428: a change must say which version it changes."""

    status_code = status.HTTP_428_PRECONDITION_REQUIRED
    default_code = "precondition_required"
    default_detail = _("Send If-Match with the ETag that you read, so that nobody's change is overwritten.")


class PreconditionFailed(APIException):
    """412: somebody changed the row in between."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_code = "precondition_failed"
    default_detail = _("Somebody changed this since you read it. Read it again, then send your change.")


def problem_response(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: the same answers, one shape, ``application/problem+json``."""
    if isinstance(exception, DjangoValidationError):
        exception = ValidationError(detail=_as_detail(exception))
    response = exception_handler(exception, context)
    if response is None:
        return None
    errors = list(_errors(response.data)) if isinstance(exception, ValidationError) else []
    title = getattr(response, "status_text", "")
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": response.status_code,
        "detail": _detail(response.data, errors),
    }
    if errors:
        body["errors"] = errors
    response.data = body
    response.content_type = "application/problem+json"
    return response


def _as_detail(exception: DjangoValidationError) -> Any:
    if hasattr(exception, "error_dict"):
        return {
            ("non_field_errors" if field == "__all__" else field): messages
            for field, messages in exception.message_dict.items()
        }
    return {"non_field_errors": exception.messages}


def _errors(data: Any, path: str = "") -> Iterator[dict[str, str]]:
    if isinstance(data, dict):
        for field, inner in data.items():
            place = path if field == "non_field_errors" else f"{path}.{field}".lstrip(".")
            yield from _errors(inner, place)
    elif isinstance(data, list):
        for number, inner in enumerate(data):
            nested = isinstance(inner, dict | list)
            yield from _errors(inner, f"{path}[{number}]" if nested else path)
    else:
        yield {"field": path, "message": str(data)}


def _detail(data: Any, errors: list[dict[str, str]]) -> str:
    if errors:
        return " ".join(f"{e['field']}: {e['message']}" if e["field"] else e["message"] for e in errors)
    return str(data.get("detail", data)) if isinstance(data, dict) else str(data)
