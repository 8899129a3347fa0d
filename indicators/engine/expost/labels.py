"""What a result may be called (METHOD 2.9). The one place for these words, so that choice and result agree."""

from __future__ import annotations

from indicators.engine.messages import gettext_noop

CHANGE = gettext_noop("change, not effect")
CHANGE_IN_RATE = gettext_noop("change in rate, not effect")
LEARNING_GAIN = gettext_noop("learning gain")
EFFECT_COMPARISON_GROUP = gettext_noop("effect (comparison group)")
EFFECT_COMPARISON_SERIES = gettext_noop("effect (comparison series)")
EFFECT_DID = gettext_noop("effect (DiD)")
DID_UNTESTABLE = gettext_noop("DiD, parallel trend untestable")
EFFECT_SYNTHETIC = gettext_noop("effect (synthetic control)")
DEPARTURE_FROM_TREND = gettext_noop("departure from the earlier trend, not effect")
INDICATIVE = gettext_noop("change at the date, indicative")
COMPUTED = gettext_noop("change at the date, computed")
RATE_INDICATIVE = gettext_noop("change in rate at the date, indicative")
RATE_COMPUTED = gettext_noop("change in rate at the date, computed")
RETENTION = gettext_noop("retention")
SHARE_KEPT = gettext_noop("share kept")
MAINTAINED_BY_PROVIDER = gettext_noop("maintained by provider")
MATURITY = gettext_noop("change in maturity")
JUDGEMENT = gettext_noop("judgement, with evidence")
