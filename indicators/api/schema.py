"""What the schema says of refusals: every operation lists the problem documents that it may answer with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `errors` names each field that was not understood.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
ALWAYS = (400, 401, 403, 404, 406, 429)
WITH_A_BODY = (415,)
WITH_A_VERSION = (412, 428)
WITH_A_KEY = (422,)


def add_problem_documents(result: dict[str, Any], **_given: Any) -> dict[str, Any]:
    """A drf-spectacular post-processing hook: the refusals of each operation, and the If-Match of each change."""
    result["components"]["schemas"]["Problem"] = PROBLEM
    answer = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path in result["paths"].values():
        for method, operation in path.items():
            codes = ALWAYS + (WITH_A_BODY if method != "get" else ())
            named = {one["name"] for one in operation.get("parameters", [])}
            if method == "patch" or "If-Match" in named:
                codes += WITH_A_VERSION
            if "Idempotency-Key" in named:
                codes += WITH_A_KEY
            if method == "patch":
                operation.setdefault("parameters", []).append(
                    {
                        "in": "header",
                        "name": "If-Match",
                        "schema": {"type": "string"},
                        "required": True,
                        "description": "The ETag that was read.",
                    }
                )
            for code in sorted(codes):
                operation["responses"].setdefault(
                    str(code), {"description": HTTPStatus(code).phrase, "content": answer}
                )
    return result
