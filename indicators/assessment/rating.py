"""The verbs of contribution ratings: record, change, hand in, throw away, reconcile, rate again. Computes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from indicators.assessment.contributions import rating_hash, reconciled_hash
from indicators.assessment.rating_parts import GivenItem, GivenRival, clean_text, made_item, made_rival
from indicators.assessment.reminding import tell_second_rater
from indicators.events import remember
from indicators.models import (
    RATERS,
    ContributionEvidence,
    ContributionRating,
    ContributionReview,
    ProgrammeIndicator,
    RivalExplanation,
    User,
)
from indicators.permissions import check_may_change_rating, check_may_rate_contribution

HIGHEST = 4
MOST_ROWS = 30
SUBMITTED = ContributionRating.State.SUBMITTED


@transaction.atomic
def record_contribution_rating(
    *,
    indicator: ProgrammeIndicator,
    rating: int | None = None,
    reasons: str = "",
    items: Sequence[GivenItem] = (),
    rivals: Sequence[GivenRival] = (),
    by: User,
    at: datetime,
) -> ContributionRating:
    """Begin one's own rating as a draft, in the round that is open; the first rating opens the first round.

    Raises:
        PermissionDenied: no evaluator, or somebody who works or worked in the programme.
        ValidationError: keyed by field; or both places of the round are taken, or one's own is.
    """
    check_may_rate_contribution(by, indicator.programme)
    review = _open_round(indicator, by=by, at=at)
    taken = {one.seat: one for one in review.ratings.all()}  # type: ignore[attr-defined]
    if any(one.rater_id == by.pk for one in taken.values()):
        raise ValidationError(_("You rate this already; two different people are asked for."))
    if len(taken) >= RATERS:
        raise ValidationError(
            _("Two people rate this already. A third opinion is a new round, once both are handed in.")
        )
    seat = next(number for number in range(1, RATERS + 1) if number not in taken)
    row = ContributionRating(review=review, seat=seat, rater=by, begun_at=at)
    _fill(row, rating, reasons)
    row.save()
    _replace_parts(row, items, rivals)
    _remember("began", row, by=by, at=at)
    return row


@transaction.atomic
def change_contribution_rating(
    *,
    rating: ContributionRating,
    row_version: int,
    value: int | None,
    reasons: str,
    items: Sequence[GivenItem],
    rivals: Sequence[GivenRival],
    by: User,
    at: datetime,
) -> ContributionRating:
    """Put down a draft anew: rating, reasons, and all its evidence and rival explanations."""
    row = _claim(rating, row_version, by)
    _fill(row, value, reasons)
    row.save(update_fields=["rating", "reasons"])
    _replace_parts(row, items, rivals)
    _remember("changed", row, by=by, at=at)
    return row


@transaction.atomic
def submit_contribution_rating(
    *, rating: ContributionRating, row_version: int, by: User, at: datetime
) -> ContributionRating:
    """Hand in: from here on nothing in it changes, and its hash says so. Both are shown once the other is in too.

    Raises:
        ValidationError: keyed by field: rating, reasons, evidence or rival explanations are missing.
    """
    row = _claim(rating, row_version, by)
    faults = {}
    if row.rating is None:
        faults["rating"] = [_("Not given; a rating from 0 to 4 was expected.")]
    if not row.reasons:
        faults["reasons"] = [_("Empty; say in a few sentences why this rating.")]
    if not row.items.exists():  # type: ignore[attr-defined]
        faults["items"] = [_("No evidence is named; at least one piece that can be looked up was expected.")]
    if not row.rivals.exists():  # type: ignore[attr-defined]
        faults["rivals"] = [
            _("No other explanation is named; something else always happened, so at least one was expected.")
        ]
    if faults:
        raise ValidationError(faults)
    row.state, row.submitted_at = SUBMITTED, at
    row.content_hash = rating_hash(row)
    row.save(update_fields=["state", "submitted_at", "content_hash"])
    _remember("handed in", row, by=by, at=at, content_hash=row.content_hash)
    tell_second_rater(row, at=at)
    return row


@transaction.atomic
def discard_contribution_rating(*, rating: ContributionRating, by: User, at: datetime) -> None:
    """Throw a draft away, so that somebody else may rate in its place."""
    row = _locked(rating)
    check_may_change_rating(by, row)
    _remember("threw away", row, by=by, at=at)
    row.delete()


@transaction.atomic
def reconcile_contribution(
    *, review: ContributionReview, rating: int, reason: str, by: User, at: datetime
) -> ContributionReview:
    """Keep the rating that two who differed settle on, once and for good.

    Raises:
        PermissionDenied: not one of the two raters.
        ValidationError: keyed by field: outside the two ratings, without a reason, or nothing to reconcile.
    """
    row = ContributionReview.objects.select_for_update().get(pk=review.pk)
    check_may_rate_contribution(by, row.indicator.programme)
    given = list(ContributionRating.objects.filter(review=row, state=SUBMITTED))
    values = sorted(one.rating for one in given if one.rating is not None)
    if len(values) < RATERS:
        raise ValidationError(_("Only one rating is in; there is nothing to reconcile yet."))
    if by.pk not in {one.rater_id for one in given}:  # type: ignore[attr-defined]
        raise ValidationError(_("Only the two who rated settle on a rating."))
    if values[0] == values[-1]:
        raise ValidationError(_("Both gave the same rating; there is nothing to reconcile."))
    if row.reconciled is not None:
        raise ValidationError(_("A reconciled rating is kept already; it does not change any more."))
    reason = clean_text(reason, "reason")
    faults = {}
    if not values[0] <= rating <= values[-1]:
        faults["rating"] = [
            _("%(given)s was given; a rating from %(low)s to %(high)s was expected.")
            % {"given": rating, "low": values[0], "high": values[-1]}
        ]
    if not reason:
        faults["reason"] = [_("Empty; say what settled it.")]
    if faults:
        raise ValidationError(faults)
    row.reconciled, row.reconciled_reason, row.reconciled_by, row.reconciled_at = rating, reason, by, at
    row.reconciled_hash = reconciled_hash(row, given)
    row.save(
        update_fields=[
            "reconciled", "reconciled_reason", "reconciled_by", "reconciled_at", "reconciled_hash"
        ]
    )  # fmt: skip
    remember(
        "reconciled", by=by, at=at, about=row, programme=row.indicator.programme_id,
        after={"rating": rating, "ratings": values, "hash": row.reconciled_hash}, reason=reason,
    )  # fmt: skip
    return row


@transaction.atomic
def rate_again(*, indicator: ProgrammeIndicator, reason: str, by: User, at: datetime) -> ContributionReview:
    """Open the next round; until both its ratings are in, the last complete one counts.

    Raises:
        ValidationError: the last round is not complete, or no reason is given.
    """
    check_may_rate_contribution(by, indicator.programme)
    last = _last_round(indicator)
    if last is None or last.ratings.filter(state=SUBMITTED).count() < RATERS:  # type: ignore[attr-defined]
        raise ValidationError(_("The round before is not complete; both ratings have to be in first."))
    reason = clean_text(reason, "reason")
    if not reason:
        raise ValidationError({"reason": _("Empty; say what is known now that was not known then.")})
    review = ContributionReview(
        indicator=indicator, number=last.number + 1, reason=reason, opened_by=by, opened_at=at
    )
    review.save()
    remember(
        "opened", by=by, at=at, about=review, programme=indicator.programme_id, reason=reason
    )  # fmt: skip
    return review


def _last_round(indicator: ProgrammeIndicator) -> ContributionReview | None:
    """The newest round, with the indicator's row locked: two who begin at once are served one after the other."""
    ProgrammeIndicator.objects.select_for_update(no_key=True).only("pk").get(pk=indicator.pk)
    return ContributionReview.objects.filter(indicator=indicator).order_by("-number").first()


def _open_round(indicator: ProgrammeIndicator, *, by: User, at: datetime) -> ContributionReview:
    return _last_round(indicator) or ContributionReview.objects.create(
        indicator=indicator, number=1, opened_by=by, opened_at=at
    )


def _locked(rating: ContributionRating) -> ContributionRating:
    row: ContributionRating | None = (
        ContributionRating.objects.select_for_update(of=("self",))
        .select_related("review__indicator__programme", "rater")
        .filter(pk=rating.pk)
        .first()
    )
    if row is None:
        raise ValidationError(_("This draft was thrown away meanwhile."))
    return row


def _claim(rating: ContributionRating, row_version: int, by: User) -> ContributionRating:
    """The draft, if it is one's own and as one saw it; its version goes up by one."""
    row = _locked(rating)
    check_may_change_rating(by, row)
    if row.row_version != row_version:
        raise ValidationError(
            _("This draft was changed in another window since you opened it. Look at it again.")
        )
    ContributionRating.objects.filter(pk=row.pk).update(row_version=F("row_version") + 1)
    row.row_version += 1
    return row


def _fill(row: ContributionRating, rating: int | None, reasons: str) -> None:
    if rating is not None and not 0 <= rating <= HIGHEST:
        raise ValidationError(
            {"rating": _("%(given)s was given; a rating from 0 to 4 was expected.") % {"given": rating}}
        )
    row.rating, row.reasons = rating, clean_text(reasons, "reasons")


def _replace_parts(row: ContributionRating, items: Sequence[GivenItem], rivals: Sequence[GivenRival]) -> None:
    """The draft's evidence and rival explanations become exactly these."""
    for name, given in (("items", items), ("rivals", rivals)):
        if len(given) > MOST_ROWS:
            raise ValidationError(
                {name: _("%(given)s rows were given; at most %(most)s were expected.")
                 % {"given": len(given), "most": MOST_ROWS}}
            )  # fmt: skip
    made = [made_item(row, number, one) for number, one in enumerate(items, 1)]
    others = [made_rival(row, number, one) for number, one in enumerate(rivals, 1)]
    row.items.all().delete()  # type: ignore[attr-defined]
    row.rivals.all().delete()  # type: ignore[attr-defined]
    ContributionEvidence.objects.bulk_create(made)
    RivalExplanation.objects.bulk_create(others)


def _remember(verb: str, row: ContributionRating, *, by: User, at: datetime, **after: Any) -> None:
    """That it was done, and nothing of what it says: the other rater reads the trail too."""
    remember(verb, by=by, at=at, about=row, programme=row.review.indicator.programme_id, after=after or None)
