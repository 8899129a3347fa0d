"""Filters of the portfolio and the region, read from the address: what is chosen, what it means, what it is not.

Whatever the address says is answered: a value that nobody offers finds nothing and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from indicators.models import Framework, Programme, ProgrammeIndicator, ResultLevel, Status, User

LONGEST = 100
"""Characters of a filter that are read."""
LABELS: Mapping[str, Any] = {
    "framework": gettext_lazy("Framework"),
    "country": gettext_lazy("Country"),
    "programme": gettext_lazy("Programme"),
    "organisation": gettext_lazy("Organisation"),
    "level": gettext_lazy("Results level"),
    "objective": gettext_lazy("Objective"),
    "topic": gettext_lazy("Topic"),
    "status": gettext_lazy("Status"),
}
"""The filters, in the order in which they stand on the page."""
BESIDE = frozenset({"since", "page"})
"""What an address may say beside its filters."""
OF_PROGRAMMES = ("framework", "country", "programme", "organisation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """One filter that is on, and the address without it."""

    label: str
    value: str
    without: str


@dataclass(slots=True, kw_only=True)
class Narrowing:
    """What of the portfolio is looked at."""

    chosen: dict[str, str]
    programmes: list[Programme]
    options: dict[str, list[Option]] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)
    """What is wrong with the address, one sentence each."""
    beside: dict[str, str] = field(default_factory=dict)
    offered: Collection[str] = tuple(LABELS)
    """The filters of this page, some of all there are."""
    is_impossible: bool = False
    """A filter has a value that there is not: nothing fits."""

    @property
    def is_on(self) -> bool:
        return any(self.chosen.values())

    @property
    def narrows_indicators(self) -> bool:
        return any(self.chosen[name] for name in ("country", "level", "objective", "topic", "status"))

    @property
    def query(self) -> str:
        """The filters as an address: ``?framework=MD&status=off_track``, empty without any."""
        return _address(self.chosen)

    @property
    def address(self) -> str:
        """The filters with what stands beside them, such as the day since when."""
        return _address(self.chosen | self.beside)

    @property
    def chips(self) -> list[Chip]:
        """The filters that are on, each with the address that takes it away."""
        return [
            Chip(
                label=str(LABELS[name]),
                value=next((one.label for one in self.options.get(name, ()) if one.value == value), value),
                without=_address({**self.chosen, name: ""} | self.beside),
            )
            for name, value in self.chosen.items()
            if value
        ]

    @property
    def fields(self) -> list[dict[str, Any]]:
        """The filters for the form: name, label, chosen value, options; without options it takes words."""
        return [
            {
                "name": name,
                "label": label,
                "value": self.chosen[name],
                "options": self.options.get(name),
                "is_text": name == "objective",
            }
            for name, label in LABELS.items()
            if name in self.offered
        ]

    @property
    def indicators(self) -> Q:
        """Which indicators of these programmes are looked at; the status is asked of each as it stands today."""
        chosen, wanted = self.chosen, Q()
        if chosen["country"]:
            wanted &= Q(partner__code=chosen["country"]) | Q(partner__isnull=True)
        if chosen["level"]:
            wanted &= Q(version__result_level=chosen["level"])
        if chosen["objective"]:
            words = chosen["objective"]
            wanted &= Q(objective__statement__icontains=words) | Q(objective__code__iexact=words)
        if chosen["topic"]:
            wanted &= Q(version__result_area=chosen["topic"])
        return wanted


def _address(values: Mapping[str, str]) -> str:
    kept = {name: value for name, value in values.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def read_wish(given: Mapping[str, str], offered: Collection[str] = tuple(LABELS)) -> dict[str, str]:
    """The filters of an address, every one of them, empty where it is silent; never more than is sensible."""
    heard = {name: str(given.get(name, "")) if name in offered else "" for name in LABELS}
    return {name: said[:LONGEST].replace("\x00", "").strip() for name, said in heard.items()}


def narrow(user: User, given: Mapping[str, str], *, offered: Collection[str] = tuple(LABELS)) -> Narrowing:
    """The programmes that one sees, as the address narrows them, with what the filters offer. Four queries.

    Offered is only what occurs in what one sees, so that a choice tells nothing of the rest.

    Args:
        offered: the filters of this page; any other in the address is told to be none.
    """
    chosen = read_wish(given, offered)
    visible = list(
        Programme.objects.visible_to(user).prefetch_related("partners", "organisations").order_by("code")
    )
    found = Narrowing(chosen=chosen, programmes=[], options=_options(user, visible), offered=offered)
    found.beside = {name: str(given[name])[:20] for name in BESIDE if given.get(name) and name != "page"}
    found.messages = [*_unknown_names(given, offered), *_unknown_values(found)]
    found.is_impossible = any(chosen[name] and not _is_offered(found, name) for name in found.options)
    if not found.is_impossible:
        found.programmes = [one for one in visible if all(fits(one) for fits in _tests(chosen))]
    return found


def _options(user: User, visible: Iterable[Programme]) -> dict[str, list[Option]]:
    programmes = list(visible)
    frameworks = {one.framework for one in programmes}
    partners = {p.code: p.name for one in programmes for p in one.partners.all()}
    organisations = {o.code: o.name for one in programmes for o in one.organisations.all()}
    used = set(
        ProgrammeIndicator.objects.visible_to(user)
        .active()
        .order_by()
        .values_list("version__result_area", "version__result_level")
        .distinct()
    )
    levels = {level for _area, level in used}
    return {
        "framework": [
            Option(value=one.value, label=str(one.label)) for one in Framework if one.value in frameworks
        ],
        "country": _by_label(partners),
        "programme": [Option(value=one.code, label=f"{one.code} · {one.name}") for one in programmes],
        "organisation": _by_label(organisations),
        "level": [
            Option(value=one.value, label=str(one.label)) for one in ResultLevel if one.value in levels
        ],
        "topic": _by_label({area: _(area) for area, _level in used if area}),
        "status": [Option(value=one.value, label=str(one.label)) for one in Status],
    }


def _by_label(names: Mapping[str, str]) -> list[Option]:
    return [Option(value=code, label=name) for code, name in sorted(names.items(), key=lambda pair: pair[1])]


def _is_offered(found: Narrowing, name: str) -> bool:
    return any(one.value == found.chosen[name] for one in found.options[name])


def _tests(chosen: Mapping[str, str]) -> list[Callable[[Programme], bool]]:
    """What a programme has to be."""
    asked: dict[str, Callable[[Programme], bool]] = {
        "framework": lambda one: one.framework == chosen["framework"],
        "country": lambda one: any(p.code == chosen["country"] for p in one.partners.all()),
        "programme": lambda one: one.code == chosen["programme"],
        "organisation": lambda one: any(o.code == chosen["organisation"] for o in one.organisations.all()),
    }
    return [asked[name] for name in OF_PROGRAMMES if chosen[name]]


def _unknown_names(given: Mapping[str, str], offered: Collection[str]) -> list[str]:
    odd = [name for name in given if name not in offered and name not in BESIDE]
    if not odd:
        return []
    known = ", ".join(offered)
    return [
        _("“%(name)s” is no filter here and was left out; there are: %(known)s.")
        % {"name": name[:40], "known": known}
        for name in odd[:3]
    ]


def _unknown_values(found: Narrowing) -> list[str]:
    return [
        _("%(filter)s: “%(value)s” is not there in what you may see, so nothing fits. Choose from the list.")
        % {"filter": LABELS[name], "value": found.chosen[name][:40]}
        for name in found.options
        if found.chosen[name] and not _is_offered(found, name)
    ]
