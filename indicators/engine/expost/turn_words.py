"""The sentences that say what would turn an ex-post answer. No statistics: a web process may import this."""

from __future__ import annotations

from indicators.engine.messages import gettext_noop

WOULD_TURN = "would_turn"
"""Name of the table of points and units that turn an answer."""

NOTHING = gettext_noop(
    "Nothing that was left out turns it: with each of %(tried)s points or units left out alone it says the same."
)
SOME = gettext_noop(
    "Left out alone, %(turning)s of %(tried)s points or units would make it say something else: %(names)s."
)
NOBODY = gettext_noop(
    "Nothing that was left out turns it: with each of %(tried)s people left out alone it says the same."
)
PEOPLE = gettext_noop(
    "Left out alone, any one of %(turning)s of %(tried)s people would make it say something else."
)
TOO_MANY = gettext_noop(
    "Leaving out one at a time was not tried: there are %(have)s to leave out, at most %(most)s are tried."
)
ABOVE = gettext_noop("It is above %(border)s; a border of %(turns)s would turn that.")
BELOW = gettext_noop("It is below %(border)s; a border of %(turns)s would turn that.")
CAPTION = gettext_noop("What would change this verdict")
WHOLE_ABOVE = gettext_noop("The whole interval is above %(border)s; a border of %(turns)s would turn that.")
WHOLE_BELOW = gettext_noop("The whole interval is below %(border)s; a border of %(turns)s would turn that.")
ABOUT_TURNING = {NOTHING, SOME, NOBODY, PEOPLE, TOO_MANY, ABOVE, BELOW, WHOLE_ABOVE, WHOLE_BELOW}
"""Every sentence that says what would turn an answer; pages set them apart."""
