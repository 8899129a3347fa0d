"""People, their passwords and tokens. Verbs only."""

from __future__ import annotations

import secrets
import string
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from knox.models import AuthToken

from indicators import events
from indicators.models import GlobalRole, Notice, NoticeChoice, Partner, Topic, User
from indicators.permissions import check_may_administer

FIELDS = ("username", "first_name", "last_name", "email", "global_role", "partner", "is_active")
ALPHABET = "".join(sorted(set(string.ascii_letters + string.digits) - set("0O1lI")))
TOKEN_LIMIT = 20
MAX_TOKEN_DAYS = 366


def make_password() -> str:
    """Twenty characters that are not mistaken for one another: about 115 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _place in range(5)) for _group in range(4))


@transaction.atomic
def add_person(
    *,
    username: str,
    first_name: str,
    last_name: str,
    email: str = "",
    global_role: str = GlobalRole.NONE,
    partner: Partner | None = None,
    by: User,
    at: datetime,
) -> tuple[User, str]:
    """Make an account. Returns the person and the first password, which is kept nowhere in clear."""
    check_may_administer(by)
    person = User(
        username=username,
        first_name=first_name,
        last_name=last_name,
        email=email,
        global_role=global_role,
        partner=partner,
        is_staff=global_role == GlobalRole.ADMIN,
    )
    password = make_password()
    person.set_password(password)
    _check_person(person)
    try:
        with transaction.atomic():
            person.save()
    except IntegrityError:  # The same name was taken a moment ago.
        raise ValidationError({"username": _("“%s” is taken; choose another.") % username}) from None
    events.remember("added a person", by=by, at=at, about=person, after=_facts(person))
    return person, password


@transaction.atomic
def change_person(*, person: User, by: User, at: datetime, **changes: Any) -> User:
    """Change the named fields of an account. Deactivating ends every session and token at once."""
    check_may_administer(by)
    unknown = changes.keys() - set(FIELDS)
    if unknown:
        raise TypeError(f"change_person knows no {', '.join(sorted(unknown))}")
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    before = _facts(person)
    for name, value in changes.items():
        setattr(person, name, value)
    person.is_staff = person.is_superuser or person.global_role == GlobalRole.ADMIN
    _check_not_oneself(person, before, by)
    _check_person(person)
    after = _facts(person)
    changed = {name for name in after if after[name] != before[name]}
    if not changed:
        return person
    person.save(update_fields=[*FIELDS, "is_staff"])
    if not person.is_active:
        end_access(person, at=at)
    events.remember(
        _verb(changed, person),
        by=by,
        at=at,
        about=person,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    return person


@transaction.atomic
def reset_password(*, person: User, by: User, at: datetime) -> str:
    """Give a new first password and end every session and token. Returns it once."""
    check_may_administer(by)
    person = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    password = make_password()
    person.set_password(password)
    person.save(update_fields=["password"])
    end_access(person, at=at)
    events.remember("reset a password", by=by, at=at, about=person)
    return password


def end_access(person: User, *, at: datetime) -> None:
    """Delete the person's tokens and sessions."""
    AuthToken.objects.filter(user=person).delete()
    # Sessions hold their owner inside: each living one has to be opened. Rare, and a few hundred at most.
    mine = [
        session.pk
        for session in Session.objects.filter(expire_date__gt=at).iterator(chunk_size=500)
        if session.get_decoded().get("_auth_user_id") == str(person.pk)
    ]
    Session.objects.filter(pk__in=mine).delete()


@transaction.atomic
def create_token(*, days: int, by: User, at: datetime) -> str:
    """Make an API token for oneself that ends after `days`. Returns it once; only its hash is kept."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)
    if not 1 <= days <= MAX_TOKEN_DAYS:
        text = _("%(given)s was given; expected 1 to %(limit)d days.")
        raise ValidationError({"days": text % {"given": days, "limit": MAX_TOKEN_DAYS}})
    if AuthToken.objects.filter(user=by, expiry__gt=at).count() >= TOKEN_LIMIT:
        raise ValidationError(_("You have %d tokens; revoke one first.") % TOKEN_LIMIT)
    token, secret = AuthToken.objects.create(by, expiry=timedelta(days=days))
    events.remember("made a token", by=by, at=at, about=by, after={"token": token.token_key, "days": days})
    return secret


@transaction.atomic
def revoke_token(*, token: AuthToken, by: User, at: datetime) -> None:
    """End a token: one's own, or as an administrator anybody's."""
    if token.user_id != by.pk:
        check_may_administer(by)
    events.remember("revoked a token", by=by, at=at, about=token.user, before={"token": token.token_key})
    token.delete()


# --- What one is told --------------------------------------------------------------------------------------


def read_notices(*, only: int | None, by: User, at: datetime) -> int:
    """Mark one notice of `by` as read, or all when `only` is None; how many were unread."""
    rows = Notice.objects.visible_to(by).unread()
    return rows.filter(**({} if only is None else {"pk": only})).update(read_at=at)


@transaction.atomic
@transaction.atomic
def set_notice_choices(*, by: User, at: datetime, **choices: str) -> bool:
    """How `by` hears of each topic: `Topic` to `NoticeChoice.Way`. What is not named stays as it is.

    Raises:
        ValidationError: keyed by topic: a way that there is none of.
    """
    unknown = choices.keys() - set(Topic.values)
    if unknown:
        raise TypeError(f"set_notice_choices knows no {', '.join(sorted(unknown))}")
    for topic, way in choices.items():
        if way not in NoticeChoice.Way.values:
            raise ValidationError(
                {
                    topic: _("“%(value)s” is not one of the choices; pick one of the list.")
                    % {"value": way[:40]}
                }
            )
    before = notice_choices(by)
    changed = {topic: way for topic, way in choices.items() if before[topic] != way}
    for topic, way in changed.items():
        NoticeChoice.objects.update_or_create(person=by, topic=topic, defaults={"way": way})
    if changed:
        events.remember(
            "chose what to be told of",
            by=by,
            at=at,
            about=by,
            before={topic: before[topic] for topic in changed},
            after=changed,
        )
    return True


def notice_choices(person: User) -> dict[str, str]:
    """How a person hears of each topic. One query."""
    chosen = dict(NoticeChoice.objects.filter(person=person).values_list("topic", "way"))
    return {topic.value: chosen.get(topic.value, NoticeChoice.Way.MAIL.value) for topic in Topic}


def set_digest(*, digest: str, by: User, at: datetime) -> bool:
    """How often `by` is written to: one of `DigestRhythm`."""
    before = by.digest
    by.digest = digest
    by.save(update_fields=["digest"])
    events.remember(
        "chose when to be written to",
        by=by,
        at=at,
        about=by,
        before={"digest": before},
        after={"digest": digest},
    )
    return True


@transaction.atomic
def make_calendar_address(*, by: User, at: datetime) -> str:
    """A new secret for the person's calendar feed, kept as a hash alone. An older one ends."""
    secret = secrets.token_urlsafe(32)
    by.calendar_hash = hash_of(secret)
    by.save(update_fields=["calendar_hash"])
    events.remember("made a calendar address", by=by, at=at, about=by)
    return secret


@transaction.atomic
def end_calendar_address(*, by: User, at: datetime) -> None:
    by.calendar_hash = ""
    by.save(update_fields=["calendar_hash"])
    events.remember("ended a calendar address", by=by, at=at, about=by)


def hash_of(secret: str) -> str:
    """256 random bits need no slow hash."""
    return sha256(secret.encode()).hexdigest()


def _facts(person: User) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value := getattr(person, name), Partner) else value for name in FIELDS
    }


def _verb(changed: set[str], person: User) -> str:
    if "is_active" in changed:
        return "activated a person" if person.is_active else "deactivated a person"
    return "changed a person"


def _check_person(person: User) -> None:
    faults: dict[str, list[Any]] = {}
    try:
        person.full_clean()
    except ValidationError as refusal:
        faults = {name: list(found) for name, found in refusal.error_dict.items()}
    if person.global_role == GlobalRole.PARTNER_VIEWER and person.partner is None:
        faults.pop("__all__", None)
        faults["partner"] = [_("Empty; a partner viewer needs a nation.")]
    if person.global_role != GlobalRole.PARTNER_VIEWER and person.partner is not None:
        faults["partner"] = [_("%s was given, but only partner viewers have a nation.") % person.partner]
    if person.global_role == GlobalRole.PARTNER_VIEWER and person.pk and person.memberships.active().exists():  # type: ignore[attr-defined]
        faults["global_role"] = [_("This person works in a programme; end those roles first.")]
    if faults:
        raise ValidationError(faults)


def _check_not_oneself(person: User, before: dict[str, Any], by: User) -> None:
    """Nobody locks themselves out."""
    if person.pk != by.pk:
        return
    if not person.is_active:
        raise PermissionDenied(_("Nobody deactivates themselves; ask another administrator."))
    if person.global_role != before["global_role"]:
        raise PermissionDenied(_("Nobody changes their own role; ask another administrator."))
