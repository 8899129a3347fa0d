"""The rows that a contribution rating is made of: pieces of evidence, other explanations. Checked, never saved here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.text import Truncator
from django.utils.translation import gettext as _

from indicators.markings import check_marking
from indicators.models import (
    ContributionEvidence,
    ContributionRating,
    Evidence,
    Observation,
    RivalExplanation,
    State,
    Verdict,
)

MOST_TEXT = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenItem:
    """A piece of evidence as somebody gives it; `rests_on` a row, or `source` in words with perhaps a `link`."""

    claim: str
    statement: str
    speaks_for: bool = True
    strength: int = ContributionEvidence.Strength.MODERATE
    rests_on: Observation | Evidence | Verdict | None = None
    source: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRival:
    """Another explanation as somebody gives it."""

    name: str
    plausibility: str = RivalExplanation.Plausibility.MEDIUM
    judgement: str = "not_examined"
    examined: str = ""


def made_item(row: ContributionRating, number: int, given: GivenItem) -> ContributionEvidence:
    """An unsaved piece of evidence; ValidationError on ``items`` with the row that does not hold."""
    made = ContributionEvidence(
        rating=row,
        position=number,
        claim=given.claim,
        speaks_for=given.speaks_for,
        strength=given.strength,
        statement=clean_text(given.statement, "items"),
        source=clean_text(given.source, "items"),
        link=_clean_link(given.link),
    )
    if isinstance(given.rests_on, Observation):
        made.observation = given.rests_on
    elif isinstance(given.rests_on, Evidence):
        made.evidence = given.rests_on
    elif isinstance(given.rests_on, Verdict):
        made.verdict = given.rests_on
    _check_rests_on(row, given)
    _checked(made, "items", number)
    return made


def _check_rests_on(row: ContributionRating, given: GivenItem) -> None:
    """A thing of the same programme that does not go away: approved figures and their evidence, frozen verdicts."""
    about = given.rests_on
    if about is None:
        return
    if isinstance(about, Verdict):
        stands = about.run.programme_id == row.review.indicator.programme_id
    else:
        figure = about if isinstance(about, Observation) else about.observation
        kept = figure.state in {State.APPROVED, State.SUPERSEDED}
        stands = kept and figure.indicator.programme_id == row.review.indicator.programme_id
    if not stands:
        raise ValidationError(
            {
                "items": _(
                    "Evidence rests on approved figures, their files and the verdicts of this programme."
                )
            }
        )


def made_rival(row: ContributionRating, number: int, given: GivenRival) -> RivalExplanation:
    """The same of another explanation, on ``rivals``."""
    made = RivalExplanation(
        rating=row,
        position=number,
        name=clean_text(given.name, "rivals"),
        plausibility=given.plausibility,
        judgement=given.judgement,
        examined=clean_text(given.examined, "rivals"),
    )
    _checked(made, "rivals", number)
    return made


def _checked(made: Any, name: str, number: int) -> None:
    """The row's own rules, said with the row's number among those written, and how it begins."""
    try:
        made.full_clean(exclude=["rating"], validate_unique=False)
    except ValidationError as refusal:
        said = " ".join(refusal.messages)
        begins = Truncator(str(made)).chars(40) or _("nothing said")
        shown = {"number": number, "begins": begins, "said": said}
        raise ValidationError({name: _("Row %(number)s (%(begins)s): %(said)s") % shown}) from None


def clean_text(given: str, field: str) -> str:
    """A text that can be kept; ValidationError on `field` if it is too long or carries a marking."""
    text = given.strip()
    try:
        check_marking(text)
    except ValidationError as refusal:
        raise ValidationError({field: refusal.messages}) from None
    if len(text) > MOST_TEXT or any(c == "\x00" or 0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise ValidationError(
            {field: _("Plain text of at most %(most)s characters was expected.") % {"most": MOST_TEXT}}
        )
    return text


def _clean_link(given: str) -> str:
    link = clean_text(given, "items")
    if link:
        try:
            URLValidator(schemes=["http", "https"])(link)
        except ValidationError:
            said = _("“%(given)s” was given; a web address such as https://example.org/report was expected.")
            raise ValidationError({"items": said % {"given": link[:80]}}) from None
    return link
