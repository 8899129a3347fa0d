"""DHIS2 dataValueSets, JSON and XML, as lines like those of their CSV. Refuses what a DTD could hide."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

COLUMNS = (
    "dataElement",
    "period",
    "orgUnit",
    "categoryOptionCombo",
    "attributeOptionCombo",
    "value",
    "comment",
    "deleted",
)
ENVELOPE = ("period", "orgUnit", "attributeOptionCombo")
"""What a set says once for all of its values."""
MAX_DEPTH = 64
MAX_TOKEN = 1024 * 1024
CHUNK = 256 * 1024


def json_lines(path: Path, name: str) -> Iterator[list[str]]:
    """A header, then a line for each data value."""
    try:
        tree = json.loads(path.read_bytes(), parse_float=str, parse_int=str)
    except (ValueError, RecursionError) as problem:
        raise _unreadable(name, _("it is no JSON: %(problem)s") % {"problem": str(problem)[:120]}) from None
    values = tree.get("dataValues") if isinstance(tree, dict) else None
    if not isinstance(values, list):
        raise _unreadable(name, _("a DHIS2 set with “dataValues” was expected"))
    yield list(COLUMNS)
    for one in values:
        yield _line(one if isinstance(one, dict) else {}, tree)


def xml_lines(path: Path, name: str) -> Iterator[list[str]]:
    """A header, then a line for each data value, while the file is read."""
    yield list(COLUMNS)
    reader = _Values(name)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                reader.parser.Parse(chunk, False)
                if (
                    file.tell() - reader.parser.CurrentByteIndex > MAX_TOKEN
                ):  # It waits for the end of something.
                    raise _unreadable(name, _("one text or attribute in it is longer than a megabyte"))
                yield from reader.taken()
            reader.parser.Parse(b"", True)
    except expat.ExpatError as problem:
        raise _unreadable(name, _("it is no XML: %(problem)s") % {"problem": problem}) from None
    yield from reader.taken()


class _Values:
    """Collects the data values of a set while it is parsed."""

    def __init__(self, name: str) -> None:
        self.name, self.depth = name, 0
        self.found: list[list[str]] = []
        self.envelope: dict[str, str] = {}
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.StartDoctypeDeclHandler = self._refuse

    def taken(self) -> list[list[str]]:
        found, self.found = self.found, []
        return found

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        local = tag.rpartition(":")[2]
        if self.depth > MAX_DEPTH:
            raise _unreadable(self.name, _("it is nested too deeply"))
        if self.depth == 1:
            if local != "dataValueSet":
                raise _unreadable(
                    self.name,
                    _("<dataValueSet> of DHIS2 was expected, not <%(given)s>") % {"given": local[:40]},
                )
            self.envelope = attributes
        elif local == "dataValue":
            self.found.append(_line(attributes, self.envelope))

    def _end(self, _tag: str) -> None:
        self.depth -= 1

    def _refuse(self, *_what: Any) -> None:
        raise _unreadable(self.name, _("it carries a document type; plain XML was expected"))


def _line(value: Mapping[str, Any], envelope: Mapping[str, Any]) -> list[str]:
    line = []
    for name in COLUMNS:
        given = value.get(name)
        if given is None and name in ENVELOPE:
            given = envelope.get(name)
        line.append(_text(given))
    return line


def _text(given: Any) -> str:
    if given is None:
        return ""
    if isinstance(given, bool):
        return "true" if given else "false"
    return str(given).strip()


def _unreadable(name: str, why: str) -> ValidationError:
    return ValidationError(
        _("“%(name)s” cannot be read: %(why)s."), code="unreadable", params={"name": name, "why": why}
    )
