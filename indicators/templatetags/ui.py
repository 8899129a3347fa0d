"""Icons, numbers, dates and the words of a status, for templates. Formats; never calculates a result."""

import calendar
import re
from collections.abc import Collection
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.defaultfilters import linebreaksbr
from django.utils import formats
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from indicators.engine.display import format_value
from indicators.icons import ICONS
from indicators.models import Status, Verdict

register = template.Library()
_ISO_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")

MISSING = "–"  # an en dash stands where no value was reported; never 0
MINUS = "\u2212"
NARROW_SPACE = "\u202f"
GROUP_SPACE = "\u00a0"

# The icon of each status. Its word is the model's, its colour the class `status-<code>` of the stylesheet.
STATUS_ICONS = {
    Status.ON_TRACK: "check-circle",
    Status.AT_RISK: "triangle-alert",
    Status.OFF_TRACK: "octagon-x",
    Status.NOT_REPORTING: "circle-dashed",
    Status.NOT_ASSESSABLE: "circle-question",
    Status.MONITORED: "eye",
}

# States of observations, assessments and plans: word, icon, tone.
STATES = {
    "draft": (pgettext_lazy("state", "Draft"), "pencil", "muted"),
    "submitted": (pgettext_lazy("state", "Submitted"), "send", "wait"),
    "verified": (pgettext_lazy("state", "Verified"), "check", "wait"),
    "validated": (pgettext_lazy("state", "Validated"), "clipboard-check", "wait"),
    "approved": (pgettext_lazy("state", "Approved"), "check", "good"),
    "accepted": (pgettext_lazy("state", "Accepted"), "check", "good"),
    "returned": (pgettext_lazy("state", "Returned"), "undo", "warn"),
    "rejected": (pgettext_lazy("state", "Rejected"), "x", "bad"),
    "superseded": (pgettext_lazy("state", "Superseded"), "history", "muted"),
    "withdrawn": (pgettext_lazy("state", "Withdrawn"), "minus", "muted"),
    "overdue": (pgettext_lazy("state", "Overdue"), "clock", "bad"),
    "due": (pgettext_lazy("state", "Due"), "clock", "warn"),
    "upcoming": (pgettext_lazy("state", "Upcoming"), "calendar", "muted"),
    "pending": (pgettext_lazy("state", "Waiting"), "clock", "wait"),
    "running": (pgettext_lazy("state", "Running"), "loader", "wait"),
    "leased": (pgettext_lazy("state", "Running"), "loader", "wait"),
    "final": (pgettext_lazy("state", "Final"), "lock", "good"),
    "done": (pgettext_lazy("state", "Done"), "check", "good"),
    "late": (pgettext_lazy("state", "Late"), "clock", "warn"),
    "failed": (pgettext_lazy("state", "Failed"), "x", "bad"),
    "cancelled": (pgettext_lazy("state", "Cancelled"), "minus", "muted"),
    "exploratory": (pgettext_lazy("state", "Exploratory"), "circle-question", "warn"),
    "planned_before": (pgettext_lazy("state", "Planned before the start"), "lock", "good"),
    "planned": (pgettext_lazy("state", "Planned"), "calendar", "muted"),
    "fact_check": (pgettext_lazy("state", "Fact check"), "search", "wait"),
    "response_due": (pgettext_lazy("state", "Response due"), "clock", "warn"),
    "follow_up": (pgettext_lazy("state", "Follow-up"), "refresh", "wait"),
    "partly": (pgettext_lazy("state", "Partly accepted"), "check", "wait"),
    "not_started": (pgettext_lazy("state", "Not started"), "circle-dashed", "muted"),
    "in_progress": (pgettext_lazy("state", "In progress"), "loader", "wait"),
    "dropped": (pgettext_lazy("state", "Dropped"), "x", "warn"),
    "action": (pgettext_lazy("state", "In action"), "loader", "wait"),
    "archived": (pgettext_lazy("state", "Archived"), "folder", "muted"),
    "active": (pgettext_lazy("state", "Active"), "check", "good"),
    "ended": (pgettext_lazy("state", "Ended"), "flag", "muted"),
    "closed": (pgettext_lazy("state", "Closed"), "lock", "muted"),
    "open": (pgettext_lazy("state", "Open"), "clock", "wait"),
    "running_period": (pgettext_lazy("state", "Runs"), "clock", "wait"),
    "grace": (pgettext_lazy("state", "Grace"), "clock", "warn"),
    "reopened": (pgettext_lazy("state", "Reopened"), "undo", "warn"),
    "locked": (pgettext_lazy("state", "Locked"), "lock", "muted"),
    "frozen": (pgettext_lazy("state", "Frozen"), "lock", "muted"),
}


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """Inline SVG of an icon of `indicators/icons.py`, hidden from screen readers. KeyError for an unknown name."""
    return _drawn(name, css)


@lru_cache(maxsize=1024)
def _drawn(name: str, css: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        css,
        mark_safe(ICONS[name]),
    )


@register.simple_tag
def may_mail() -> bool:
    """Whether this server sends mail; without it no page offers a link by mail."""
    return bool(settings.EMAIL_HOST)


@register.filter
def status_label(status: object) -> str:
    """The word of a status code ("on_track" -> "On track"). An unknown code is shown as it is."""
    return str(Status(status).label) if status in Status.values else str(status)


@register.filter
def status_icon(status: object) -> str:
    return STATUS_ICONS[Status(status)] if status in Status.values else "circle-question"


@register.filter
def status_css(status: object) -> str:
    return str(Status(status).value) if status in Status.values else "not_assessable"


@register.filter
def state_label(state: object) -> object:
    """The word of a state code ("submitted" -> "Submitted"). An unknown code is shown as it is."""
    return STATES.get(str(state), (str(state).replace("_", " ").capitalize(), "", ""))[0]


@register.filter
def state_icon(state: object) -> str:
    return STATES.get(str(state), ("", "circle-dashed", ""))[1]


@register.filter
def state_tone(state: object) -> str:
    return STATES.get(str(state), ("", "", "muted"))[2]


def as_decimal(value: object) -> Decimal | None:
    """A Decimal for numbers and numeric text; None for None, "", NaN and anything else."""
    if value is None or value == "" or isinstance(value, bool):
        return None
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(value))
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def format_number(value: object, places: int | None = None) -> str:
    """A number with a true minus sign; an en dash for a missing value.

    Written alike in every language, and as in explanations, files and the API (`engine.display`): a decimal point,
    groups of three from five digits on, parted by a space. A page never shows 0.9 beside 0,9.
    `places` None keeps the digits as they are, up to 6 and without trailing zeros.
    """
    number = as_decimal(value)
    if number is None:
        return MISSING
    if places is None:
        number = number.quantize(Decimal("1e-6"), ROUND_HALF_UP).normalize()
        exponent = number.as_tuple().exponent
        places = max(0, -exponent) if isinstance(exponent, int) else 0
    number = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    if number == 0:
        number = abs(number)
    whole, part = f"{abs(number):f}".partition(".")[::2]
    if len(whole) > 4:
        whole = f"{int(whole):,}".replace(",", GROUP_SPACE)
    sign = MINUS if number < 0 else ""
    return f"{sign}{whole}.{part}" if part else sign + whole


@register.filter
def number(value: object, places: int | str | None = None) -> str:
    """`{{ value|number }}` as given; `{{ value|number:1 }}` with one decimal."""
    return format_number(value, None if places in (None, "") else int(places))


@register.filter
def verdict_value(verdict: Verdict) -> str:
    """The value of a verdict: a status' in the indicator's own unit and digits, any other as a plain number."""
    if verdict.value is None:
        return MISSING
    if verdict.method == "judge":
        return format_value(verdict.value, verdict.indicator.version.rule())
    return format_number(verdict.value, 2)


@register.filter
def signed(value: object, places: int | str | None = None) -> str:
    """Like `number`, with a plus sign on a gain."""
    text = number(value, places)
    amount = as_decimal(value)
    return f"+{text}" if amount is not None and amount > 0 else text


@register.filter
def percent(value: object, places: int | str = 0) -> str:
    """A share from 0 to 1 as a percentage (0.835 -> "84 %"). Missing stays a dash."""
    share = as_decimal(value)
    if share is None:
        return MISSING
    return f"{format_number(share * 100, int(places))}{NARROW_SPACE}%"


@register.filter
def share(value: Fraction | None) -> str:
    """An exact share from 0 to 1 as a percentage (1/3 -> "33 %"); a dash for none."""
    return MISSING if value is None else percent(Decimal(value.numerator) / Decimal(value.denominator))


@register.filter
def points(value: object, places: int | str = 0) -> str:
    """A value already on a scale of 0 to 100 as a percentage (83.5 -> "84 %")."""
    return MISSING if as_decimal(value) is None else f"{format_number(value, int(places))}{NARROW_SPACE}%"


@register.filter
def day(value: date | None) -> str:
    """A date in the reader's language, with the month as a word: "5 Mar 2026"."""
    return MISSING if value is None or value == "" else _write(value, "DATE_FORMAT")


def with_days(text: str) -> str:
    """A sentence whose ISO dates are written as people read them: "at 31 Mar 2025." for "at 2025-03-31."."""
    return _ISO_DATE.sub(_as_day, text)


def _as_day(found: re.Match[str]) -> str:
    try:
        return day(date.fromisoformat(found[0]))
    except ValueError:  # Looks like a date and is none.
        return found[0]


@register.filter
def month(value: date | None) -> str:
    return MISSING if value is None or value == "" else _write(value, "YEAR_MONTH_FORMAT")


def _write(value: date, form: str) -> str:
    # Instants are not remembered: equal ones in two zones are of different days.
    if type(value) is date:
        return _written(value, form, get_language())
    return formats.date_format(value, form)


@lru_cache(maxsize=8192)
def _written(value: date, form: str, language: str | None) -> str:
    """A page names few days many times, and writing one in words costs as much as a small query.

    Args:
        language: of the reader, in which the words are.
    """
    return formats.date_format(value, form)


@register.filter
def instant(value: datetime | None) -> str:
    """Date and time of day in the active time zone: "5 Mar 2026, 14:05"."""
    from django.utils import timezone

    if value is None or value == "":
        return MISSING
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return formats.date_format(local, "DATETIME_FORMAT")


@register.simple_tag
def period(start: date | None, end: date | None = None) -> str:
    """A period in as few words as it can be said: "Mar 2026", "Q1 2026", "2026", else both ends."""
    if start is None:
        return MISSING
    if end is None or end == start:
        return day(start)
    whole = start.day == 1 and end.day == calendar.monthrange(end.year, end.month)[1]
    if whole and start.year == end.year:
        if start.month == end.month:
            return month(start)
        if end.month - start.month == 2 and start.month % 3 == 1:
            return _("Q%(quarter)s %(year)s") % {"quarter": (start.month + 2) // 3, "year": start.year}
        if (start.month, end.month) == (1, 12):
            return str(start.year)
    return f"{day(start)} – {day(end)}"


@register.filter
def or_dash(value: object) -> object:
    """The value, or a dash when it is None or empty text. Zero stays zero."""
    return MISSING if value is None or value == "" else value


@register.filter
def get(mapping: dict, key: object) -> object:
    """`{{ mapping|get:key }}`; None when the key is absent."""
    return mapping.get(key) if mapping else None


@register.simple_tag(takes_context=True)
def query(context: template.Context, **changes: object) -> str:
    """The address's query string with some parameters changed; None or "" removes one. For paging, sorting, tabs."""
    request = context.get("request")
    parameters = request.GET.copy() if request is not None else None
    if parameters is None:
        from django.http import QueryDict

        parameters = QueryDict(mutable=True)
    for name, value in changes.items():
        parameters.pop(name, None)
        if value not in (None, ""):
            parameters[name] = str(value)
    return "?" + parameters.urlencode()


@register.filter
def moment(value: date | datetime | None) -> str:
    """A date as a date, an instant with its time of day."""
    return instant(value) if isinstance(value, datetime) else day(value)


_MENTION = re.compile(r"(?<![\w@.])(@[\w.@+-]{1,150})")


@register.filter
def with_mentions(text: str, told: Collection[str]) -> SafeString:
    """A comment as plain text, the names of those who were told set apart. Everything in it is escaped."""

    def part(index: int, words: str) -> SafeString:
        if index % 2 and words.lstrip("@").rstrip(".@+-") in told:
            return format_html('<bdi class="talk-name">{}</bdi>', words)
        return linebreaksbr(words)

    parts = enumerate(_MENTION.split(text))
    return format_html("<p>{}</p>", format_html_join("", "{}", ((part(*one),) for one in parts)))


@register.simple_tag
def cell_text(value: object) -> str:
    """A cell of a statistical table: figures with up to four digits, text as it is, a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, int):
        return format_number(value, 0)
    is_small = value != 0 and -1 < value < 1
    return format_number(value, 4 if is_small else 2)


@register.filter
def p_value(value: object) -> str:
    """A p-value with its sign: "= 0.012", never "= 0.000"."""
    found = as_decimal(value)
    if found is None:
        return "–"
    least = Decimal("0.001")
    return f"< {format_number(least, 3)}" if found < least else f"= {format_number(found, 3)}"
