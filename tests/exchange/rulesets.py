"""The official IATI ruleset, as far as it concerns results: what a file breaks, in the ruleset's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def broken(root: Any, ruleset: Path, *, now: str) -> tuple[list[str], int]:
    """(what is broken, how many cases were applied)."""
    found, applied = [], 0
    for context, rules in json.loads(ruleset.read_text()).items():
        if "organisation" in context.split("/")[1]:
            continue
        nodes = root.xpath(context)
        for kind, told in rules.items():
            check = CHECKS.get(kind)
            for case in told["cases"] if check is not None else []:
                info = case.get("ruleInfo", {})
                for node in nodes:
                    if "condition" in case and not node.xpath(f"boolean({case['condition']})"):
                        continue
                    applied += 1
                    if not check(node, case, now):
                        found.append(f"{info.get('id')} {info.get('severity')}: {info.get('message')}")
    return found, applied


def _all(node: Any, case: dict[str, Any]) -> list[str]:
    return [
        str(one if isinstance(one, str) else one.text) for path in case["paths"] for one in node.xpath(path)
    ]


def _date_order(node: Any, case: dict[str, Any], now: str) -> bool:
    less, more = ([now] if case[key] == "NOW" else node.xpath(case[key]) for key in ("less", "more"))
    return all(a <= b for a in less for b in more)


def _starts_with(node: Any, case: dict[str, Any], now: str) -> bool:
    if "idCondition" in case:
        return True
    prefixes = [one for path in case["prefix"] for one in node.xpath(path)]
    return all(any(text.startswith(f"{one}-") for one in prefixes) for text in _all(node, case))


CHECKS = {
    "atleast_one": lambda node, case, now: bool(_all(node, case)),
    "no_more_than_one": lambda node, case, now: (
        len([1 for path in case["paths"] for _one in node.xpath(path)]) <= 1
    ),
    "unique": lambda node, case, now: len(set(_all(node, case))) == len(_all(node, case)),
    "startswith": _starts_with,
    "date_order": _date_order,
    "no_spaces": lambda node, case, now: all(text == text.strip() for text in _all(node, case)),
    "strict_sum": lambda node, case, now: sum(map(float, _all(node, case))) == float(case["sum"]),
    "range": lambda node, case, now: all(
        case["min"] <= float(one) <= case["max"] for one in _all(node, case)
    ),
    "if_then": lambda node, case, now: (
        not node.xpath(f"boolean({case['if']})") or node.xpath(f"boolean({case['then']})")
    ),
    "one_or_all": lambda node, case, now: (
        bool(node.xpath(case["one"])) or case["all"] == "currency" or bool(node.xpath("transaction"))
    ),
}
