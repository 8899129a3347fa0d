"""TOML files in, checked definitions out. Never touches the database; knows nothing of Django."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from indicators.engine.periods import Frequency
from indicators.engine.types import WITHOUT_WINDOW, Direction, SiteRule, TimeRule, ValueType

FOLDER = Path(__file__).resolve().parent / "definitions"
CATALOGUE = "proposed catalogue v1"
FIRST_LINE = f"# {CATALOGUE}"

FAMILIES = ("NMI", "ICI", "MD_ICI_GLOBAL", "CONTEXT")
RESULT_LEVELS = ("input", "output", "outcome", "impact", "context")
MEASURES = ("MOP", "MOE", "CONTEXT")
TENSES = ("ON_THE_FLY", "EX_POST", "BOTH")
COMPARABILITY = ("first", "same", "break")
SLUG = re.compile(r"^[a-z][a-z0-9_]*$")
CODE = re.compile(r"^[A-Z]{2,4}-\d{2,3}$")
CELL_CODE = re.compile(r"^[A-Za-z0-9_+-]+$")
LONGEST_WINDOW = 600
"""Months: fifty years."""
HISTORY = ("comparability", "change_note")
"""What is said about a change is not itself a change of content."""


class CatalogueError(ValueError):
    """A definition file that cannot be used: says which file, which key, what was given, what was expected."""

    def __init__(self, file: str, key: str, given: object, expected: str) -> None:
        self.file, self.key, self.given, self.expected = file, key, given, expected
        shown = (
            "nothing" if given is None else repr(str(given)) if isinstance(given, Decimal) else repr(given)
        )
        super().__init__(f"{file}: {key}: {shown} was given; expected {expected}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One value of a dimension."""

    code: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disaggregation:
    """A dimension by which figures may be split; without categories it is free text."""

    name: str
    label: str
    categories: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One step of an ordinal scale, with the words by which raters recognise it."""

    level: int
    label: str
    descriptor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One definition file, checked. Texts are as written; numbers are exact."""

    code: str
    name: str
    family: str
    result_area: str
    result_level: str
    measure: str
    tense: str
    definition: str
    unit: str
    value_type: str
    numerator: str
    denominator: str
    formula: str
    scale: Decimal
    lower_bound: Decimal | None
    upper_bound: Decimal | None
    direction: str
    time_rule: str
    window_months: int | None
    site_rule: str
    frequency: str
    frequency_note: str
    data_source: str
    collection_method: str
    evidence_expected: str
    min_data_rule: str
    min_denominator: Decimal | None
    min_n: int | None
    expost_method: str
    limitation: str
    basis: str
    is_sensitive: bool
    comparability: str
    change_note: str
    disaggregations: tuple[Disaggregation, ...]
    levels: tuple[Level, ...]

    def content_hash(self) -> str:
        """Hex SHA-256 of everything but the words about the change; equal content gives an equal hash."""
        content = {key: value for key, value in asdict(self).items() if key not in HISTORY}
        if (
            self.window_months is None
        ):  # A key that came later: what does without it has the hash it always had.
            del content["window_months"]
        for key, value in content.items():
            if isinstance(value, Decimal):
                content[key] = f"{value.normalize():f}"
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def load_definitions(folder: Path = FOLDER) -> tuple[Definition, ...]:
    """All definition files of a folder in order of code.

    Raises:
        CatalogueError: a file cannot be read, a key is missing, unknown or wrong, or a code occurs twice.
    """
    found: dict[str, Definition] = {}
    for path in sorted(folder.glob("*.toml")):
        definition = load_definition(path)
        found[definition.code] = definition  # One file a code: the file is named after it.
    if not found:
        raise CatalogueError(str(folder), "*.toml", None, "at least one definition file")
    return tuple(found[code] for code in sorted(found))


def load_definition(path: Path) -> Definition:
    """One definition file, checked. Raises CatalogueError with file, key, given and expected."""
    try:
        text = path.read_text(encoding="utf-8")
        table = tomllib.loads(text, parse_float=Decimal)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogueError(path.name, "file", str(error), "a TOML file in UTF-8") from error
    first_line = text.partition("\n")[0].strip()
    if first_line != FIRST_LINE:
        raise CatalogueError(path.name, "first line", first_line, repr(FIRST_LINE))
    definition = _Reader(path.name, table).definition()
    if path.stem != definition.code:
        raise CatalogueError(path.name, "code", definition.code, f"the name of the file, {path.stem!r}")
    return definition


class _Reader:
    """Takes keys out of one table; whatever is left over at the end is an error."""

    def __init__(self, file: str, table: Mapping[str, Any], place: str = "") -> None:
        self.file, self.left, self.place = file, dict(table), place

    def fail(self, key: str, given: object, expected: str) -> CatalogueError:
        return CatalogueError(self.file, self.place + key, given, expected)

    def text(self, key: str, *, limit: int = 2000, optional: bool = False) -> str:
        given = self.left.pop(key, "" if optional else None)
        if not isinstance(given, str) or not (optional or given.strip()):
            raise self.fail(key, given, "a text")
        if len(given) > limit:
            raise self.fail(key, f"{given[:40]}… ({len(given)} characters)", f"at most {limit} characters")
        return given

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        given = self.left.pop(key, None)
        if given not in choices:
            raise self.fail(key, given, "one of " + ", ".join(choices))
        return str(given)

    def pattern(self, key: str, pattern: re.Pattern[str], example: str) -> str:
        given = self.left.pop(key, None)
        if not isinstance(given, str) or not pattern.match(given):
            raise self.fail(key, given, f"something like {example}")
        return given

    def number(self, key: str) -> Decimal | None:
        given = self.left.pop(key, None)
        if given is None:
            return None
        if isinstance(given, bool) or not isinstance(given, int | Decimal) or not Decimal(given).is_finite():
            raise self.fail(key, given, "a number")
        return Decimal(given)

    def whole(self, key: str) -> int | None:
        given = self.number(key)
        if given is None:
            return None
        if given != given.to_integral_value() or given < 0:
            raise self.fail(key, given, "a whole number, 0 or more")
        return int(given)

    def yes_or_no(self, key: str) -> bool:
        given = self.left.pop(key, False)
        if not isinstance(given, bool):
            raise self.fail(key, given, "true or false")
        return given

    def tables(self, key: str) -> list[_Reader]:
        given = self.left.pop(key, [])
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            raise self.fail(key, given, "a list of tables")
        return [_Reader(self.file, one, f"{self.place}{key}[{i}].") for i, one in enumerate(given, 1)]

    def finish(self) -> None:
        for key, given in self.left.items():
            raise self.fail(key, given, "no such key (is it misspelt?)")

    def definition(self) -> Definition:
        made = Definition(
            code=self.pattern("code", CODE, "'NMI-05'"),
            name=self.text("name", limit=200),
            family=self.choice("family", FAMILIES),
            result_area=self.text("result_area", limit=80),
            result_level=self.choice("result_level", RESULT_LEVELS),
            measure=self.choice("measure", MEASURES),
            tense=self.choice("tense", TENSES),
            definition=self.text("definition"),
            unit=self.text("unit", limit=40),
            value_type=self.choice("value_type", tuple(ValueType)),
            numerator=self.text("numerator", limit=200, optional=True),
            denominator=self.text("denominator", limit=200, optional=True),
            formula=self.text("formula", limit=200),
            scale=self.number("scale") or Decimal(0),
            lower_bound=self.number("lower_bound"),
            upper_bound=self.number("upper_bound"),
            direction=self.choice("direction", tuple(Direction)),
            time_rule=self.choice("time_rule", tuple(TimeRule)),
            window_months=self.whole("window_months"),
            site_rule=self.choice("site_rule", tuple(SiteRule)),
            frequency=self.choice("frequency", tuple(Frequency)),
            frequency_note=self.text("frequency_note", limit=80, optional=True),
            data_source=self.text("data_source"),
            collection_method=self.text("collection_method"),
            evidence_expected=self.text("evidence_expected"),
            min_data_rule=self.text("min_data_rule", limit=200),
            min_denominator=self.number("min_denominator"),
            min_n=self.whole("min_n"),
            expost_method=self.text("expost_method", limit=200),
            limitation=self.text("limitation"),
            basis=self.text("basis"),
            is_sensitive=self.yes_or_no("is_sensitive"),
            comparability=self.choice("comparability", COMPARABILITY),
            change_note=self.text("change_note", optional=True),
            disaggregations=tuple(_disaggregation(one) for one in self.tables("disaggregation")),
            levels=tuple(_level(one) for one in self.tables("level")),
        )
        self.finish()
        self.check(made)
        return made

    def check(self, made: Definition) -> None:
        """What only shows when keys are seen together."""
        self.check_numbers(made)
        self.check_levels(made)
        if (made.result_level == "context") != (made.measure == "CONTEXT"):
            raise self.fail("measure", made.measure, "CONTEXT exactly when the result level is context")
        if made.comparability != "first" and not made.change_note:
            raise self.fail("change_note", made.change_note, "what changed, because this is a later version")
        names = [one.name for one in made.disaggregations]
        if len(names) != len(set(names)):
            raise self.fail("disaggregation", ", ".join(names), "each name once")

    def check_numbers(self, made: Definition) -> None:
        if made.scale <= 0:
            raise self.fail("scale", made.scale, "a number above 0 (100 for percent, 1 otherwise)")
        for key in ("numerator", "denominator"):
            if made.value_type == ValueType.RATIO and not getattr(made, key):
                raise self.fail(key, None, "what is counted, because the value type is ratio")
        months = made.window_months
        if months is not None and (not 1 <= months <= LONGEST_WINDOW or made.time_rule in WITHOUT_WINDOW):
            raise self.fail(
                "window_months",
                months,
                f"1 to {LONGEST_WINDOW} months, with a time rule that pools periods (not {made.time_rule})"
                if made.time_rule in WITHOUT_WINDOW
                else f"1 to {LONGEST_WINDOW} months",
            )
        low, high = made.lower_bound, made.upper_bound
        if low is not None and high is not None and high <= low:
            raise self.fail("upper_bound", high, f"more than the lower bound {low}")

    def check_levels(self, made: Definition) -> None:
        numbers = [one.level for one in made.levels]
        if made.value_type == ValueType.ORDINAL and len(numbers) < 2:
            raise self.fail("level", numbers, "at least two described levels, because the value is ordinal")
        if made.value_type != ValueType.ORDINAL and numbers:
            raise self.fail("level", numbers, "no levels, because the value is not ordinal")
        if numbers != sorted(set(numbers)):
            raise self.fail("level", numbers, "each level once, from the lowest to the highest")


def _disaggregation(reader: _Reader) -> Disaggregation:
    made = Disaggregation(
        name=reader.pattern("name", SLUG, "'nation'"),
        label=reader.text("label", limit=80),
        categories=tuple(_category(one) for one in reader.tables("categories")),
    )
    reader.finish()
    codes = [one.code for one in made.categories]
    if len(codes) != len(set(codes)):
        raise reader.fail("categories", ", ".join(codes), "each code once")
    return made


def _category(reader: _Reader) -> Category:
    made = Category(code=reader.pattern("code", CELL_CODE, "'KWT'"), label=reader.text("label", limit=80))
    reader.finish()
    return made


def _level(reader: _Reader) -> Level:
    level = reader.whole("level")
    if level is None:
        raise reader.fail("level", None, "a whole number, 0 or more")
    made = Level(
        level=level, label=reader.text("label", limit=80), descriptor=reader.text("descriptor", limit=500)
    )
    reader.finish()
    return made
