"""Mails that carry notices: at most one a day to each person, and none when there is nothing to say
(but one line a week to those who follow something and asked for a mail a week).

The rows decide: a mail is made once for a person and day, and is sent by whoever pushes its next try ahead. A worker
that dies between handing a mail to the server and noting so sends it again; the copies bear one Message-ID.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from indicators.models import Digest, DigestRhythm, Following, Notice, User
from indicators.notices import leads_to, not_by_mail, sentence_of

logger = logging.getLogger(__name__)
FIRST_HOUR = 6
"""No mail is made earlier in the day, in the server's zone."""
FRESH = timedelta(days=14)
"""Older notices are on the page; no mail is made of them."""
MOST_ATTEMPTS = 5
WAIT = timedelta(minutes=10)
MONDAY = 0


@transaction.atomic
def make_digests(*, at: datetime) -> int:
    """A mail for each person with unread notices that no mail has carried; how many. Nothing without a mail server."""
    local = timezone.localtime(at)
    if not settings.EMAIL_HOST or local.hour < FIRST_HOUR:
        return 0
    waiting = (
        Notice.objects.unread().filter(digest__isnull=True, made_at__gte=at - FRESH).exclude(not_by_mail())
    )
    rhythms = [DigestRhythm.DAILY, *([DigestRhythm.WEEKLY] if local.weekday() == MONDAY else [])]
    has_news = Q(Exists(waiting.filter(person=OuterRef("pk"))), digest__in=rhythms)
    if local.weekday() == MONDAY:  # Who asked for a mail a week learns that nothing happened, too.
        has_news |= Q(Exists(Following.objects.filter(person=OuterRef("pk"))), digest=DigestRhythm.WEEKLY)
    people = User.objects.filter(has_news, is_active=True).exclude(email="")
    day = local.date()
    Digest.objects.bulk_create(
        [Digest(person=person, day=day, made_at=at, next_try_at=at) for person in people],
        ignore_conflicts=True,
    )
    made = dict(Digest.objects.filter(day=day, made_at=at).values_list("person_id", "pk"))
    for person, digest in made.items():
        waiting.filter(person=person).update(digest=digest)
    return len(made)


def send_digests(*, at: datetime, address: str, limit: int = 100) -> int:
    """Send what waits; how many went. A mail that the server refuses is tried again, five times in all.

    Args:
        address: scheme and host of this installation, for the links.
    """
    sent = 0
    for _turn in range(limit):
        digest = _claim(at)
        if digest is None:
            break
        sent += _send(digest, at=at, address=address)
    return sent


def _claim(at: datetime) -> Digest | None:
    with transaction.atomic():
        digest: Digest | None = (
            Digest.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(Q(sent_at__isnull=True), attempts__lt=MOST_ATTEMPTS, next_try_at__lte=at)
            .select_related("person")
            .order_by("next_try_at")
            .first()
        )
        if digest is not None:
            Digest.objects.filter(pk=digest.pk).update(
                attempts=F("attempts") + 1, next_try_at=at + WAIT * (digest.attempts + 1)
            )
    return digest


def _send(digest: Digest, *, at: datetime, address: str) -> bool:
    notices = list(digest.notices.select_related("programme"))  # type: ignore[attr-defined]
    try:
        with override(settings.LANGUAGE_CODE):
            mail_of(digest, notices, address=address).send()
    except (OSError, SMTPException) as error:
        logger.warning("mail not sent", extra={"digest": digest.pk, "error": type(error).__name__})
        Digest.objects.filter(pk=digest.pk).update(problem=f"{type(error).__name__}: {error}"[:200])
        return False
    Digest.objects.filter(pk=digest.pk).update(sent_at=at, problem="")
    return True


def mail_of(digest: Digest, notices: list[Notice], *, address: str) -> EmailMessage:
    """The mail as text: one sentence and one link for each notice. Names programmes and counts, never a figure."""
    lines = [f"– {sentence_of(one)}\n  {address}{leads_to(one)}" for one in notices]
    if not lines:
        lines = [_("Nothing changed in what you follow.")]
    subject = ngettext("%(count)s notice", "%(count)s notices", len(notices)) % {"count": len(notices)}
    if not notices:
        subject = _("nothing changed")
    body = "\n\n".join(
        [
            _("Since the last mail:"),
            *lines,
            _("How often you are written to is up to you: %(address)s")
            % {"address": f"{address}{reverse('my-account')}#notices"},
        ]
    )
    return EmailMessage(
        subject=f"[{settings.EMAIL_MARKING}] {subject}",
        body=f"{body}\n",
        to=[digest.person.email],
        headers={"Message-ID": f"<digest-{digest.pk}-{digest.day:%Y%m%d}@{settings.EMAIL_ID_HOST}>"},
    )
