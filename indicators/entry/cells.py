"""The disaggregation key of a figure: ``name=code;name=code`` in order of name; empty for the total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from indicators.models import IndicatorVersion

MAX_LENGTH = 200


def parse_cell(text: str) -> dict[str, str]:
    """What a key says, by dimension; ValidationError when it does not have the form of a key."""
    chosen: dict[str, str] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, equals, code = (piece.strip() for piece in part.partition("="))
        if not (name and equals and code):
            raise ValidationError(
                _("“%(given)s” was given; name=code was expected, such as sex=female."),
                code="cell",
                params={"given": part[:60]},
            )
        if name in chosen:
            raise ValidationError(_("“%(name)s” is given twice."), code="cell", params={"name": name[:60]})
        chosen[name] = code
    return chosen


def cell_key(version: IndicatorVersion, chosen: Mapping[str, str]) -> str:
    """The canonical key of the chosen categories; ValidationError when the indicator is not split that way."""
    known = {one["name"]: one for one in version.disaggregations}
    parts = []
    for name, code in sorted((name, code.strip()) for name, code in chosen.items() if code.strip()):
        if name not in known:
            raise ValidationError(
                _("“%(given)s” was given; this indicator is split by %(expected)s."),
                code="cell",
                params={"given": name[:60], "expected": ", ".join(sorted(known)) or _("nothing")},
            )
        _check_category(known[name], code)
        parts.append(f"{name}={code}")
    key = ";".join(parts)
    if len(key) > MAX_LENGTH:
        raise ValidationError(
            _("The breakdown has %(given)s characters; at most %(limit)s were expected."),
            code="cell",
            params={"given": len(key), "limit": MAX_LENGTH},
        )
    return key


def canonical_cell(version: IndicatorVersion, text: str) -> str:
    """A key as somebody wrote it, checked and put in order."""
    return cell_key(version, parse_cell(text))


def cell_label(version: IndicatorVersion, cell: str) -> str:
    """The key in words, for people; empty for the total."""
    if not cell:
        return ""
    known = {one["name"]: one for one in version.disaggregations}
    words = []
    for name, _equals, code in (part.partition("=") for part in cell.split(";")):
        dimension: Mapping[str, Any] = known.get(name, {})
        labels = {one["code"]: one.get("label", one["code"]) for one in dimension.get("categories", [])}
        words.append(f"{dimension.get('label', name)}: {labels.get(code, code)}")
    return ", ".join(words)


def _check_category(dimension: Mapping[str, Any], code: str) -> None:
    codes = [one["code"] for one in dimension.get("categories", [])]
    if codes and code not in codes:
        raise ValidationError(
            _("“%(given)s” was given for %(name)s; one of %(expected)s was expected."),
            code="cell",
            params={"given": code[:60], "name": dimension["name"], "expected": ", ".join(codes)},
        )
    if not codes and (set(code) & set(";=") or not code.isprintable()):
        raise ValidationError(
            _("“%(given)s” was given for %(name)s; a word without ; and = was expected."),
            code="cell",
            params={"given": code[:60], "name": dimension["name"]},
        )
