"""Comments: the one writer of them, whom they may name, and what of them a person reads."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from indicators.disclosure import withheld
from indicators.events import remember
from indicators.markings import check_marking
from indicators.models import (
    Comment,
    Finding,
    FormerText,
    GlobalRole,
    Membership,
    NoticeKind,
    Observation,
    Programme,
    ProgrammeIndicator,
    User,
)
from indicators.models.comments import MOST_TEXT, SUBJECTS
from indicators.notices import Tell, tell
from indicators.permissions import check_may_change_comment, check_may_comment, check_may_withdraw_comment

Subject = ProgrammeIndicator | Observation | Finding
MOST_AN_HOUR = 30
MOST_NAMED = 10
MOST_LISTED = 100
"""People whom the page offers to name."""
MOST_REMARKS = 200
"""Of one subject on its page, the newest."""
NAMED = re.compile(r"(?<![\w@.])@([\w.@+-]{1,150})")


def kind_of(subject: Subject) -> str:
    """Name of the foreign key that points at it."""
    return next(name for name, model in SUBJECTS.items() if isinstance(subject, model))


def programme_of(subject: Subject) -> Programme:
    match subject:
        case ProgrammeIndicator():
            return subject.programme
        case Observation():
            return subject.indicator.programme
        case Finding():
            return subject.evaluation.programme


def name_of(subject: Subject) -> str:
    """How a notice and a heading name it. Never a figure."""
    match subject:
        case ProgrammeIndicator():
            return f"{subject.definition.code} {subject.name}"
        case Observation():
            indicator = subject.indicator
            return f"{indicator.definition.code} {indicator.name}, {subject.period.label}"
        case Finding():
            return _("a finding of “%(evaluation)s”") % {"evaluation": subject.evaluation.title}


def every_subject(user: User, kind: str) -> models.QuerySet[Any]:
    """What of this kind the person sees, with what naming it takes."""
    related = {
        "indicator": ("programme", "definition", "version"),
        "observation": ("indicator__programme", "indicator__definition", "indicator__version", "period"),
        "finding": ("evaluation__programme",),
    }[kind]
    return SUBJECTS[kind]._default_manager.visible_to(user).select_related(*related)  # type: ignore[attr-defined, no-any-return]


# --- Writing -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was kept, and the names in it that nobody bears who sees this."""

    comment: Comment
    unknown: Sequence[str] = ()


@transaction.atomic
def write_comment(
    *,
    subject: Subject,
    text: str,
    answers: Comment | None = None,
    for_partners: bool = False,
    by: User,
    at: datetime,
) -> Said:
    """Keep a remark or an answer, and tell those whom it names and who may read it.

    Raises:
        PermissionDenied: the person does not see the subject.
        ValidationError: keyed by field: empty, too long, not plain text, a marking; or too many in an hour.
    """
    check_may_comment(by, subject)
    if _left_out(by, [subject]):
        raise PermissionDenied(
            _("This figure is left out for you (few people), and so is what is said of it.")
        )
    text = clean_text(text)
    _check_pace(by, at)
    kind = kind_of(subject)
    if answers is not None:
        answers = _root(answers, kind, subject)
        for_partners = answers.for_partners
    if kind == "finding" or by.global_role == GlobalRole.PARTNER_VIEWER:
        for_partners = (
            False  # One nation's words are not for the others, unless somebody inside repeats them.
        )
    comment = Comment(text=text, answers=answers, for_partners=for_partners, by=by, at=at, **{kind: subject})
    comment.save(force_insert=True)
    remember(
        "commented on", by=by, at=at, about=subject, programme=programme_of(subject),
        after={"comment": comment.pk, "for_partners": comment.for_partners},
    )  # fmt: skip
    return Said(comment=comment, unknown=_tell_named(comment, subject, at=at))


@transaction.atomic
def edit_comment(*, comment: Comment, text: str, by: User, at: datetime) -> Said:
    """Say it otherwise; what was said before is kept. Names that are new in it are told.

    Raises:
        PermissionDenied: somebody else's, or withdrawn.
        ValidationError: as in `write_comment`.
    """
    row = _locked(comment)
    check_may_change_comment(by, row)
    text = clean_text(text)
    if text == row.text:
        return Said(comment=row)
    FormerText.objects.create(comment=row, text=row.text, until=at)
    row.text, row.edited_at = text, at
    row.save(update_fields=["text", "edited_at"])
    remember("edited", by=by, at=at, about=row, programme=programme_of(row.subject))
    return Said(comment=row, unknown=_tell_named(row, row.subject, at=at))


@transaction.atomic
def withdraw_comment(*, comment: Comment, by: User, at: datetime) -> Comment:
    """Take a comment back: its text is shown to nobody any more, that there was one stays. Twice is once."""
    row = _locked(comment)
    check_may_withdraw_comment(by, row)
    if not row.is_withdrawn:
        row.withdrawn_at, row.withdrawn_by = at, by
        row.save(update_fields=["withdrawn_at", "withdrawn_by"])
        remember("withdrew", by=by, at=at, about=row, programme=programme_of(row.subject))
    return row


@transaction.atomic
def resolve_comment(*, comment: Comment, is_resolved: bool, by: User, at: datetime) -> Comment:
    """Say that a remark is dealt with, or open again. Twice is once.

    Raises:
        ValidationError: an answer; the remark that it answers is resolved.
    """
    row = _locked(comment)
    check_may_comment(by, row.subject)
    if row.answers_id is not None:
        raise ValidationError(_("This is an answer; the remark that it answers is resolved."))
    if row.is_resolved != is_resolved:
        row.resolved_at, row.resolved_by = (at, by) if is_resolved else (None, None)
        row.save(update_fields=["resolved_at", "resolved_by"])
        remember(
            "resolved" if is_resolved else "opened again",
            by=by, at=at, about=row, programme=programme_of(row.subject),
        )  # fmt: skip
    return row


def clean_text(given: str) -> str:
    """A text that can be kept and shown; ValidationError on `text` otherwise.

    Characters that turn the direction of what follows, and other invisible ones, are taken out: they make a text read
    otherwise than it is. Those that Arabic and Persian need to join letters stay.
    """
    text = "".join(one for one in given.replace("\r\n", "\n") if not _is_hidden(one)).strip()
    if not text:
        raise ValidationError({"text": _("Empty; say something, or leave it.")})
    if len(text) > MOST_TEXT:
        raise ValidationError(
            {
                "text": _("%(given)s characters were given; at most %(most)s are kept.")
                % {"given": len(text), "most": MOST_TEXT}
            }
        )
    try:
        check_marking(text)
    except ValidationError as refusal:
        raise ValidationError({"text": refusal.messages}) from None
    return text


def _is_hidden(one: str) -> bool:
    return one not in "\n\t\u200c\u200d" and unicodedata.category(one) in {"Cc", "Cf", "Cs", "Co", "Cn"}


def _check_pace(by: User, at: datetime) -> None:
    """Counted under a lock on the person: two at once are counted one after the other."""
    User.objects.select_for_update(no_key=True).only("pk").get(pk=by.pk)
    if Comment.objects.filter(by=by, at__gt=at - timedelta(hours=1)).count() >= MOST_AN_HOUR:
        raise ValidationError(
            _("You wrote %(most)s comments in the last hour; wait a little before the next.")
            % {"most": MOST_AN_HOUR}
        )


def _root(answers: Comment, kind: str, subject: Subject) -> Comment:
    """Answers to an answer belong to its remark. Of another subject it is none of this talk."""
    if getattr(answers, f"{kind}_id") != subject.pk:
        raise ValidationError(_("This answers a comment on something else."))
    return answers if answers.answers is None else answers.answers


def _locked(comment: Comment) -> Comment:
    return (
        Comment.objects.select_for_update(of=("self",))
        .select_related(
            "by",
            "indicator__programme", "indicator__definition", "indicator__version",
            "observation__indicator__programme", "observation__indicator__definition",
            "observation__indicator__version", "observation__period",
            "finding__evaluation__programme",
        )
        .get(pk=comment.pk)
    )  # fmt: skip


def names_in(text: str) -> list[str]:
    """The names after an @, each once, in order; a full stop at the end of a sentence belongs to none.

    >>> names_in("@officer.nmi, please ask @ann. Mail a@b.example is no name.")
    ['officer.nmi', 'ann']
    """
    found = (one.rstrip(".@+-") for one in NAMED.findall(text))
    return list(dict.fromkeys(one for one in found if one))


def _tell_named(comment: Comment, subject: Subject, *, at: datetime) -> list[str]:
    """Tell whom the text names and who reads it; returns the other names. A dozen queries at most.

    A name that nobody bears and one whose bearer may not read this get the same answer: it tells nothing of who exists.
    """
    names = names_in(comment.text)
    people = {
        person.username: person
        for person in people_who_read(comment.by, subject)
        .filter(username__in=names[:MOST_NAMED])
        .exclude(pk=comment.by_id)
    }
    read = [one for one in people.values() if Comment.objects.visible_to(one).filter(pk=comment.pk).exists()]
    comment.mentions.add(*read)
    programme = programme_of(subject)
    tell(
        (
            Tell(
                person=person.pk,
                kind=NoticeKind.MENTION,
                key=f"mention:{comment.pk}",
                programme=programme.pk,
                params={
                    "programme": programme.code,
                    "about": name_of(subject),
                    "subject": kind_of(subject),
                    "subject_id": subject.pk,
                    "comment_id": comment.pk,
                },
            )
            for person in read
        ),
        at=at,
    )
    told = {person.username for person in read} | {comment.by.username}
    return [name for name in names if name not in told]


def people_who_read(user: User, subject: Subject) -> models.QuerySet[User]:
    """Whom a person may name here: active people of the programme, those who see all, and the partners it is for.

    A partner viewer names people of its own nation alone; it learns of nobody else.
    """
    programme = programme_of(subject)
    active = User.objects.filter(is_active=True)
    releasable = Q(global_role=GlobalRole.PARTNER_VIEWER, partner__isnull=False)
    match subject:
        case Finding():
            releasable = Q(pk__in=[])
        case Observation():
            releasable &= Q(partner__in=subject.indicator.releasable_to.values("pk"))
        case ProgrammeIndicator():
            releasable &= Q(partner__in=subject.releasable_to.values("pk"))
    if user.global_role == GlobalRole.PARTNER_VIEWER:
        return active.filter(releasable, partner=user.partner_id).order_by("username")
    members = Membership.objects.active().filter(programme=programme).values("user")
    everywhere = Q(global_role__in=[GlobalRole.ADMIN, GlobalRole.REGIONAL_VIEWER, GlobalRole.AUDITOR])
    return active.filter(Q(pk__in=members) | everywhere | releasable).order_by("username")


# --- Reading -----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Line:
    """One comment as a person reads it."""

    comment: Comment
    text: str
    """Empty where it is withdrawn or left out."""
    by: str
    is_left_out: bool = False
    may_change: bool = False
    may_withdraw: bool = False
    former: list[FormerText] = field(default_factory=list)
    replies: list[Line] = field(default_factory=list)

    @property
    def told(self) -> set[str]:
        """Names in the text whose bearers were told."""
        return {person.username for person in self.comment.mentions.all()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What was said about one thing, and by whom it may go on."""

    kind: str
    pk: int
    lines: list[Line]
    count: int
    may_comment: bool
    may_share: bool
    """Whether the writer chooses if partners read it."""
    people: list[User] = field(default_factory=list)

    @property
    def url_name(self) -> str:
        return f"comments-{self.kind}"

    @property
    def most(self) -> int:
        """Characters of one comment."""
        return MOST_TEXT

    @property
    def open_count(self) -> int:
        return sum(not one.comment.is_resolved and not one.comment.is_withdrawn for one in self.lines)


def talk_about(user: User, subject: Subject) -> Talk:
    """The talk about one thing. Three queries, up to four more where a figure may be left out or texts were edited."""
    return talks_about(user, [subject])[subject.pk]


def talks_about(user: User, subjects: Sequence[Subject]) -> dict[int, Talk]:
    """The talk about each of some things of one kind and one programme. As many queries as for one."""
    if not subjects:
        return {}
    kind = kind_of(subjects[0])
    rows = list(
        Comment.objects.visible_to(user)
        .filter(**{f"{kind}__in": [one.pk for one in subjects]})
        .select_related("by")
        .prefetch_related("former_texts", "mentions")
        .order_by("-pk")[:MOST_REMARKS]
    )
    hidden = _left_out(user, subjects)
    by_subject: dict[int, list[Comment]] = defaultdict(list)
    for row in reversed(rows):
        by_subject[getattr(row, f"{kind}_id")].append(row)
    is_partner = user.global_role == GlobalRole.PARTNER_VIEWER
    people = list(people_who_read(user, subjects[0])[:MOST_LISTED])
    return {
        one.pk: Talk(
            kind=kind,
            pk=one.pk,
            lines=_threads(by_subject[one.pk], user, is_hidden=one.pk in hidden),
            count=len(by_subject[one.pk]),
            may_comment=one.pk not in hidden,
            may_share=kind != "finding" and not is_partner,
            people=people,
        )
        for one in subjects
    }


def _left_out(user: User, subjects: Sequence[Subject]) -> set[int]:
    """Figures whose numbers this person does not see: what is said of them would tell them."""
    return withheld(user, [one for one in subjects if isinstance(one, Observation)])


def _threads(comments: Iterable[Comment], user: User, *, is_hidden: bool) -> list[Line]:
    """Remarks in their order, each with its answers; an answer whose remark is not seen stands by itself."""
    lines = {one.pk: line_of(one, user, is_left_out=is_hidden) for one in comments}
    roots = []
    for line in lines.values():
        above = lines.get(line.comment.answers_id or 0)
        (roots if above is None else above.replies).append(line)
    return roots


def line_of(comment: Comment, user: User, *, is_left_out: bool) -> Line:
    """What of one comment this person reads: nothing withdrawn, nothing that tells a small cell, no inner names."""
    shows = not is_left_out and not comment.is_withdrawn
    inside = user.global_role != GlobalRole.PARTNER_VIEWER
    own_nation = (
        comment.by.global_role == GlobalRole.PARTNER_VIEWER and comment.by.partner_id == user.partner_id
    )
    return Line(
        comment=comment,
        text=comment.text if shows else "",
        by=str(comment.by) if inside or own_nation else _("Programme staff"),
        is_left_out=is_left_out,
        may_change=shows and comment.by_id == user.pk,
        may_withdraw=not comment.is_withdrawn and (comment.by_id == user.pk or user.is_admin),
        former=list(comment.former_texts.all()) if shows and inside else [],  # type: ignore[attr-defined]
    )


def counts_of(user: User, kind: str, pks: Iterable[int]) -> dict[int, int]:
    """How many comments the person sees on each of these; those without any are not in it. One query."""
    rows = (
        Comment.objects.visible_to(user)
        .filter(withdrawn_at__isnull=True, **{f"{kind}__in": list(pks)})
        .order_by()
        .values_list(f"{kind}_id")
        .annotate(models.Count("pk"))
    )
    return dict(rows)
