"""What is sent twice is done once: a key, what came with it, and what was answered, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.models import SentBatch, User

BATCHES_KEPT = timedelta(days=7)


@transaction.atomic
def answer_once(
    *, key: str, content: Any, by: User, at: datetime, answer: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """What `answer` gives; for a key that was answered before, what it gave then. Nothing is done twice.

    Two senders of one key are served one after the other. Keys are remembered for a week.

    Args:
        key: chosen by the sender, 1 to 80 characters; each person's keys are their own.
        content: what was sent, as it goes into JSON.

    Raises:
        ValidationError: code ``key`` when the key is empty or too long, or came with something else before.
    """
    if not 1 <= len(key) <= 80 or not key.isprintable():
        raise ValidationError(_("A key of 1 to 80 printable characters was expected."), code="key")
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    found = hashlib.sha256(text.encode()).hexdigest()
    SentBatch.objects.filter(by=by, at__lt=at - BATCHES_KEPT).delete()
    batch, is_new = SentBatch.objects.get_or_create(
        by=by, key=key, defaults={"content_hash": found, "at": at}
    )
    if not is_new:
        if batch.content_hash != found:
            raise ValidationError(
                _("This key came with other figures before; a new key was expected."), code="key"
            )
        return dict(batch.answer)
    batch.answer = answer()
    batch.save(update_fields=["answer"])
    return dict(batch.answer)
