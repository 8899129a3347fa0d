"""Small IATI files with one thing wrong, and where the published ones are."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_reading import read_content

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PUBLISHED = Path(os.environ.get("PUBLISHED_DATA", "/work/shared/data"))
"""Real files that are not part of the project; tests that need them skip without."""
SCHEMAS = PUBLISHED / "iati" / "schemas-2.03"
ORGANISATION = {"ref": "XM-TEST-1", "name": "Test Mission", "type": "40", "role": "2"}


def period(
    actual: str = "", target: str = "", since: str = "2024-01-01", until: str = "2024-12-31", inner: str = ""
) -> str:
    targets = f'<target value="{target}"/>' if target else ""
    actuals = f'<actual value="{actual}"/>' if actual else ""
    days = f'<period-start iso-date="{since}"/><period-end iso-date="{until}"/>'
    return f"<period>{days}{targets}{actuals}{inner}</period>"


def indicator(
    inner: str = "",
    *,
    title: str = "Posts that work",
    measure: str = "1",
    ascending: str = 'ascending="1"',
    baseline: str = "",
    more: str = "",
) -> str:
    first = f'<baseline year="2023" value="{baseline}"/>' if baseline else ""
    return (
        f'<indicator measure="{measure}" {ascending} {more}><title><narrative>{title}</narrative></title>'
        f"{first}{inner}</indicator>"
    )


def activity(
    *indicators: str,
    identifier: str = "XX-1-A1",
    country: str = '<recipient-country code="IQ"/>',
    dates: str = '<activity-date iso-date="2024-01-01" type="2"/><activity-date iso-date="2026-12-31" type="3"/>',
    result: str = '<result type="2"><title><narrative>Safer borders</narrative></title>{}</result>',
    organisation: str = "XX-1",
) -> str:
    return (
        f"<iati-activity><iati-identifier>{identifier}</iati-identifier>"
        f'<reporting-org ref="{organisation}" type="40"><narrative>Somebody</narrative></reporting-org>'
        "<title><narrative>Border posts</narrative></title>"
        "<description><narrative>Posts at the border.</narrative></description>"
        f'<participating-org role="4"><narrative>Somebody</narrative></participating-org><activity-status code="2"/>'
        f"{dates}{country}{result.format(''.join(indicators))}</iati-activity>"
    )


def file(*activities: str, name: str = "a.xml"):
    content = (
        f'<?xml version="1.0"?>\n<iati-activities version="2.03">\n{"".join(activities)}\n</iati-activities>'
    )
    return read_content(content.encode(), name)


def take(by, *activities: str, **given):
    return import_file(file=file(*activities), by=by, at=AT, **given)
