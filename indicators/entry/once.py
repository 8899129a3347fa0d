"""What is sent twice is done once: a key, what came with it, and what was answered, in one transaction."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
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
    pk = _take(key=key, content_hash=found, by=by, at=at)
    if pk is None:
        batch = SentBatch.objects.get(by=by, key=key)
        if batch.content_hash != found:
            raise ValidationError(
                _("This key came with other figures before; a new key was expected."), code="key"
            )
        return dict(batch.answer)
    answered = answer()
    SentBatch.objects.filter(pk=pk).update(answer=answered)
    return answered


def _take(*, key: str, content_hash: str, by: User, at: datetime) -> int | None:
    """The key is the sender's from now on: its row's primary key, or None where it was sent before.

    One statement, for it is asked with every cell that somebody types; waits while another transaction takes the key.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO indicators_sentbatch (by_id, key, content_hash, answer, at) VALUES (%s, %s, %s, '{}', %s) "
            "ON CONFLICT (by_id, key) DO NOTHING RETURNING id",
            [by.pk, key, content_hash, at],
        )
        row = cursor.fetchone()
    return None if row is None else row[0]
