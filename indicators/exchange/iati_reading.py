"""Bytes in, activities out. Trusts nothing: no DTD, no entities, no network, bounded in size. Guesses nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from lxml import etree

from indicators.exchange.iati import (
    ISO_COUNTRY,
    LANG,
    OWN,
    OWN_VOCABULARY,
    Activity,
    Figure,
    File,
    Indicator,
    Period,
    Place,
    Result,
)

MAX_BYTES = 20 * 1024 * 1024
MAX_INDICATORS = 5000
MAX_TEXT = 5000
VERSIONS = ("2.01", "2.02", "2.03")


def read_file(path: Path) -> File:
    """The activities of a file; ValidationError says why it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _unreadable(path.name, _("it is larger than 20 MB"))
        return read_content(path.read_bytes(), path.name)
    except OSError as problem:
        raise _unreadable(path.name, problem.strerror or str(problem)) from None


def read_content(content: bytes, name: str) -> File:
    """As `read_file`, of bytes that are at hand."""
    if len(content) > MAX_BYTES:
        raise _unreadable(name, _("it is larger than 20 MB"))
    root = _parse(content, name)
    if root.tag != "iati-activities":
        raise _unreadable(name, _("it begins with <%s>; <iati-activities> was expected") % str(root.tag)[:60])
    version = root.get("version", "")
    if version not in VERSIONS:
        raise _unreadable(
            name,
            _("it is of version “%(given)s”; %(expected)s was expected")
            % {"given": version[:20], "expected": ", ".join(VERSIONS)},
        )
    if len(root.findall("iati-activity/result/indicator")) > MAX_INDICATORS:
        raise _unreadable(name, _("it has more than %s indicators") % MAX_INDICATORS)
    check_schema(root, name)
    activities = tuple(_activity(one) for one in root.findall("iati-activity"))
    return File(name=name, sha256=hashlib.sha256(content).hexdigest(), activities=activities)


def _parse(content: bytes, name: str) -> Any:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as problem:
        raise _unreadable(name, _("it is not well-formed XML (%s)") % str(problem)[:200]) from None
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise _unreadable(name, _("it declares a document type (DOCTYPE), which IATI files do not have"))
    return root


def check_schema(root: Any, name: str) -> None:
    """Compare with the official schema, where the setting IATI_SCHEMAS names the folder that holds it."""
    folder = settings.IATI_SCHEMAS
    if not folder:
        return
    try:
        schema = etree.XMLSchema(etree.parse(Path(folder) / "iati-activities-schema.xsd"))
    except (OSError, etree.LxmlError):
        raise ValidationError(
            _("The setting IATI_SCHEMAS names “%s”, where the official schemas were expected.") % folder
        ) from None
    if not schema.validate(root):
        faults = [
            _("line %(line)s: %(text)s") % {"line": fault.line, "text": fault.message[:300]}
            for fault in list(schema.error_log)[:20]
        ]
        raise ValidationError(
            [_("“%s” is not what the IATI 2.03 schema allows; nothing was read.") % name, *faults]
        )


def _unreadable(name: str, why: str) -> ValidationError:
    return ValidationError(
        _("“%(name)s” cannot be read: %(why)s."), code="unreadable", params={"name": name, "why": why}
    )


def _activity(node: Any) -> Activity:
    organisation = node.find("reporting-org")
    places = tuple(_place(one) for one in node.findall("location") if one.get("ref"))
    countries = [one.get("code", "") for one in node.findall("recipient-country")]
    countries += [one.country for one in places if one.country and one.country not in countries]
    dates = {one.get("type", ""): one.get("iso-date", "") for one in node.findall("activity-date")}
    return Activity(
        line=node.sourceline,
        identifier=(node.findtext("iati-identifier") or "").strip()[:200],
        organisation=organisation.get("ref", "").strip() if organisation is not None else "",
        title=_words(node.find("title")),
        description=_words(node.find("description")),
        dates=dates,
        framework=next(
            (
                one.get("code", "")
                for one in node.findall("sector")
                if one.get("vocabulary") == OWN_VOCABULARY
            ),
            "",
        ),
        countries=tuple(dict.fromkeys(countries)),
        places=places,
        results=tuple(_result(one) for one in node.findall("result")),
    )


def _place(node: Any) -> Place:
    codes = (
        one.get("code", "") for one in node.findall("location-id") if one.get("vocabulary") == ISO_COUNTRY
    )
    return Place(ref=node.get("ref", ""), name=_words(node.find("name")), country=next(codes, ""))


def _result(node: Any) -> Result:
    shared = _references(node)
    additive = _is_true(node.get("aggregation-status"))
    return Result(
        line=node.sourceline,
        type=node.get("type", ""),
        title=_words(node.find("title")),
        indicators=tuple(_indicator(one, shared, additive=additive) for one in node.findall("indicator")),
        own=_own(node, "objective"),
    )


def _indicator(node: Any, shared: tuple[tuple[str, str], ...], *, additive: bool) -> Indicator:
    own_say = node.get("aggregation-status")
    return Indicator(
        line=node.sourceline,
        title=_words(node.find("title")),
        description=_words(node.find("description")),
        measure=node.get("measure", "").strip(),
        ascending=node.get("ascending"),
        is_additive=_is_true(own_say) if own_say is not None else additive,
        references=(*_references(node), *shared),
        baselines=tuple(_figure(one) for one in node.findall("baseline")),
        periods=tuple(_period(one) for one in node.findall("period")),
        own=_own(node, "indicator"),
    )


def _period(node: Any) -> Period:
    return Period(
        line=node.sourceline,
        starts_on=_day_of(node, "period-start"),
        ends_on=_day_of(node, "period-end"),
        targets=tuple(_figure(one) for one in node.findall("target")),
        actuals=tuple(_figure(one) for one in node.findall("actual")),
        own=_own(node, "period"),
    )


def _day_of(node: Any, name: str) -> str:
    found = node.find(name)
    return found.get("iso-date", "") if found is not None else ""


def _figure(node: Any) -> Figure:
    dimensions = ((one.get("name", ""), one.get("value", "")) for one in node.findall("dimension"))
    return Figure(
        line=node.sourceline,
        value=node.get("value"),
        comment=_words(node.find("comment")),
        dimensions=tuple(sorted((name.strip(), value.strip()) for name, value in dimensions)),
        locations=tuple(one.get("ref", "") for one in node.findall("location")),
        year=node.get("year", ""),
        day=node.get("iso-date", ""),
        own=_own(node, "figure"),
    )


def _references(node: Any) -> tuple[tuple[str, str], ...]:
    return tuple((one.get("vocabulary", ""), one.get("code", "")) for one in node.findall("reference"))


def _own(node: Any, name: str) -> dict[str, str]:
    found = node.find(f"{{{OWN}}}{name}")
    return {key: value for key, value in found.attrib.items()} if found is not None else {}


def _words(node: Any) -> str:
    """The narrative in the file's own language: the first without a language, or else the English or first one."""
    if node is None:
        return ""
    told: Iterable[Any] = node.findall("narrative")
    ranked = sorted(told, key=lambda one: {None: 0, "en": 1}.get(one.get(LANG), 2))
    text = next(("".join(one.itertext()) for one in ranked), "")
    return " ".join(text.replace("\x00", "").split())[:MAX_TEXT]


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in {"1", "true"}
