"""What is said of the data that a plan expects. Templates alone."""

from __future__ import annotations

from indicators.engine.messages import gettext_noop

from .situation import Method

NO_WAY = gettext_noop("No way is known to say it for this method.")
NO_POWER = {
    Method.SYNTHETIC_CONTROL: gettext_noop(
        "This method tests by the rank of the break among the placebos, which shows only afterwards."
    ),
    Method.COUNTERFACTUAL_TREND: gettext_noop(
        "A trend that is carried on has no test that could be planned."
    ),
    Method.DIFFERENCE_ONLY: gettext_noop("This method tests nothing."),
    Method.CONTRIBUTION_RATING: gettext_noop("This is a judgement and no test."),
    Method.SERIES_RETENTION: gettext_noop("What is left of a change is estimated and not tested."),
    Method.PARTICIPANT_RETENTION: gettext_noop("What is left of a gain is estimated and not tested."),
    Method.SHARE_KEPT: gettext_noop("The share that is kept is estimated and not tested."),
    Method.ORDINAL_MATURITY: gettext_noop(
        "This method tests by ranks, and how many functions will change is not known."
    ),
    Method.PAIRED_PROPORTIONS: gettext_noop(
        "This method counts those that change either way, and how many will is not known."
    ),
}
"""Why nothing can be said of a method beforehand."""
CANNOT = gettext_noop("Which change could be detected cannot be said beforehand.")
PLACEBO_FLOOR = gettext_noop("With %(donors)s places to compare with, p cannot be below %(floor)s.")
FEW_BEFORE = gettext_noop(
    "Only %(have)s figures from before are known; %(need)s are needed to see how much they vary by themselves."
)
NO_SPREAD = gettext_noop("The figures so far do not vary at all.")
NO_PARTS = gettext_noop("Numerators and denominators are not known so far.")
NO_EVENTS = gettext_noop("No event has been counted so far.")
FEW_UNITS = gettext_noop(
    "To see how differently places move, figures from before of at least %(need)s are needed; %(have)s have them."
)
NOBODY_TESTED = gettext_noop(
    "%(have)s people have been tested before and after so far; %(need)s are needed to see how gains vary."
)
NO_SEATS = gettext_noop("Too few people are expected: %(have)s of at least %(need)s.")
ENOUGH = gettext_noop(
    "With %(before)s periods before and the %(after)s after that are planned, a change of %(change)s or more would be "
    "seen in four of five cases; you said that %(smallest)s matters: that is enough."
)
TOO_FEW = gettext_noop(
    "With %(before)s periods before and the %(after)s after that are planned, a change of %(change)s or more would be "
    "seen in four of five cases; you said that %(smallest)s matters: too few data."
)
NONE_SEEN = gettext_noop(
    "With %(before)s periods before and the %(after)s after that are planned, no change whatever could be told from "
    "chance; you said that %(smallest)s matters: too few data."
)
PEOPLE_ENOUGH = gettext_noop(
    "With %(pairs)s people tested before and after, a gain of %(change)s or more would be seen in four of five cases; "
    "you said that %(smallest)s matters: that is enough."
)
PEOPLE_TOO_FEW = gettext_noop(
    "With %(pairs)s people tested before and after, a gain of %(change)s or more would be seen in four of five cases; "
    "you said that %(smallest)s matters: too few people, of whom %(need)s would be needed."
)
PEOPLE_NEVER = gettext_noop(
    "With %(pairs)s people tested before and after, a gain of %(change)s or more would be seen in four of five cases; "
    "you said that %(smallest)s matters: too few people, and not even %(most)s would do."
)
COMPUTED_ON = gettext_noop("If every period brings its value, it can be computed from %(day)s on.")
ENOUGH_ON = gettext_noop("Enough data for a change of %(smallest)s will be there from %(day)s on.")
NEVER = gettext_noop("Waiting alone does not bring enough: not within %(ahead)s periods after the change.")
UNITS_NOT_TIME = gettext_noop("More places on either side would help; more time would not.")
INDICATIVE = gettext_noop("With fewer than 12 points on a side the result would be indicative only.")
RHO_TAKEN = gettext_noop("How alike neighbours are is taken as known, so the true figure is somewhat larger.")
SPREAD_SO_FAR = gettext_noop("It is assumed that figures go on to vary as they did so far.")
