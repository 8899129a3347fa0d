"""The engine's sentences in the reader's language. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from indicators.engine.types import Message, RefusalCode
from indicators.models import IndicatorStatus, Status
from indicators.templatetags.ui import day, with_days

NO_DATA = "There are no approved data yet."
STALE = "The latest value is of %(on)s and no longer counts as current since %(limit)s."


def say(message: Message | Mapping[str, Any] | None) -> str:
    """A message, whole or as stored, in the reader's language; empty for None."""
    if message is None:
        return ""
    if isinstance(message, Message):
        template, params = message.template, message.params
    else:
        template, params = message["template"], message.get("params", {})
    return with_days(_(template) % params) if template else ""


def say_all(messages: list[Mapping[str, Any]]) -> str:
    """Several stored messages as one text."""
    return " ".join(say(one) for one in messages)


def status_now(status: IndicatorStatus | None) -> str:
    """The status of today; an indicator that was never judged is not reporting.

    Ask for `IndicatorStatus.objects.at(today)`: a value may have gone stale since it was judged.
    """
    if status is None:
        return Status.NOT_REPORTING.value
    return str(getattr(status, "status_now", status.status))


def has_gone_stale(status: IndicatorStatus) -> bool:
    """Judged current when it was stored, past its limit today."""
    return status_now(status) != status.status


def refusal_code(status: IndicatorStatus | None) -> str:
    if status is None:
        return RefusalCode.NO_APPROVED_DATA.value
    return RefusalCode.STALE.value if has_gone_stale(status) else status.refusal_code


def refusal_text(status: IndicatorStatus | None) -> str:
    """Why there is no verdict, for the place where the number would stand; empty when there is one."""
    if status is None:
        return _(NO_DATA)
    if has_gone_stale(status):
        return _(STALE) % {"on": day(status.value_on), "limit": day(status.stale_from)}
    return say(status.refusal)
