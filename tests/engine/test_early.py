"""Early verdicts beside later findings: what counts as lasted, and the share with its interval."""

import pytest

from indicators.engine.distributions import wilson
from indicators.engine.early import ExPostFinding, Lasted, lasting, share_that_lasted
from indicators.engine.types import Status


def kept(value=None, **given):
    return ExPostFinding(is_retention=True, is_after_end=True, value=value, **given)


def change(low, high, **given):
    return ExPostFinding(
        **(
            {"is_retention": False, "is_after_end": True, "value": (low + high) / 2, "low": low, "high": high}
            | given
        )
    )


@pytest.mark.parametrize(
    ("findings", "rises", "expected"),
    [
        ([kept(0.8)], True, Lasted.YES),
        ([kept(0.79)], True, Lasted.NO),
        ([kept(0.9), kept(0.4)], True, Lasted.NO),
        ([kept(None, refusal_code="NO_GAIN_TO_RETAIN")], True, Lasted.NO),
        ([kept(None, refusal_code="NO_FOLLOW_UP")], True, Lasted.CANNOT_TELL),
        ([change(1, 3)], True, Lasted.YES),
        ([change(1, 3)], False, Lasted.NO),
        ([change(-3, -1)], False, Lasted.YES),
        ([change(-1, 3)], True, Lasted.NO),
        ([change(1.1, 2, no_change=1.0)], True, Lasted.YES),
        ([change(0.9, 2, no_change=1.0)], True, Lasted.NO),
        ([change(1, 3)], None, Lasted.CANNOT_TELL),
        ([change(1, 3, is_after_end=False)], True, Lasted.CANNOT_TELL),
        ([kept(0.5), change(1, 3)], True, Lasted.NO),
        ([], True, Lasted.CANNOT_TELL),
    ],
)
def test_what_counts_as_lasted(findings, rises, expected):
    assert lasting(findings, rises=rises, sustained_from=0.8) is expected


def test_few_known_outcomes_are_counted_but_give_no_share():
    found = share_that_lasted(
        [(Status.ON_TRACK, Lasted.YES)] * 7 + [(Status.ON_TRACK, Lasted.CANNOT_TELL)], on_track=True
    )
    assert (found.lasted, found.known, found.unknown, found.share) == (7, 7, 1, None)
    assert str(found.refusal.message) == "Too few with a known outcome: 7 of 8 needed."


def test_only_the_asked_kind_is_counted_and_refusals_are_in_neither():
    pairs = (
        [(Status.ON_TRACK, Lasted.YES)] * 8
        + [(Status.OFF_TRACK, Lasted.NO)] * 4
        + [(Status.AT_RISK, Lasted.YES)] * 4
    )
    pairs += [(Status.NOT_ASSESSABLE, Lasted.YES)] * 9
    assert (
        share_that_lasted(pairs, on_track=True).share,
        share_that_lasted(pairs, on_track=False).share,
    ) == (1.0, 0.5)


def test_the_interval_is_wilsons():
    """Newcombe (1998), Statistics in Medicine 17:857, table I: 81/263, 15/148, 0/20, 1/29, method 3."""
    for (successes, total), ends in {
        (81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0.0, 0.1611), (1, 29): (0.0061, 0.1718),
    }.items():  # fmt: skip
        assert wilson(successes, total) == pytest.approx(ends, abs=5e-5)
