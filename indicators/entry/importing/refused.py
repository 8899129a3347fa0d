"""The refused rows of a file as it was sent, each with why: a file to mend and send again."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation import gettext as _

from indicators.entry.importing import files
from indicators.entry.importing.layout import layout_from
from indicators.models import FileImport, ImportRow, RowKind
from indicators.spreadsheets import cleaned, open_workbook, safe_cell

REASON = "problem"
"""Its column says nothing when the file comes back (`layout.SILENT`)."""
MOST_ROWS = 200_000


def refused_csv(found: FileImport) -> Iterator[bytes]:
    """UTF-8 with a byte-order mark, in which a cell that could be a formula is written with an apostrophe."""
    lines = refused_lines(found)
    header = next(lines)
    buffer = io.StringIO()
    writer = csv.writer(buffer)

    def pieces() -> Iterator[bytes]:
        writer.writerow(header)
        yield b"\xef\xbb\xbf" + buffer.getvalue().encode()
        for line in lines:
            buffer.seek(0)
            buffer.truncate()
            writer.writerow([safe_cell(cell) for cell in line])
            yield buffer.getvalue().encode("utf-8", errors="replace")

    return pieces()


def refused_xlsx(found: FileImport) -> list[bytes]:
    output = io.BytesIO()
    with open_workbook(output) as book:
        sheet = book.add_worksheet()
        bold = book.add_format({"bold": True, "bg_color": "#E8EDF3"})
        red = book.add_format({"font_color": "#8A1C1C", "text_wrap": True})
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, 0, 60)
        for number, line in enumerate(refused_lines(found)):
            for place, cell in enumerate(line):
                style = bold if number == 0 else red if place == 0 else None
                sheet.write_string(number, place, cleaned(cell), style)
    return [output.getvalue()]


def refused_lines(found: FileImport) -> Iterator[list[str]]:
    """The header with one more column in front, then each refused row as it stands in the file."""
    layout = layout_from(found.layout or {})
    why = _reasons(found)
    opened = files.open_file(Path(found.file.path), found.name)
    yield [REASON, *layout.names]
    with files.reading(
        opened, table=layout.table, encoding=layout.encoding, delimiter=layout.delimiter
    ) as lines:
        for number, cells in lines:
            if number in why:
                yield [why[number], *cells]


def _reasons(found: FileImport) -> dict[int, str]:
    rows = (
        ImportRow.objects.filter(file_import=found, kind=RowKind.PROBLEM)
        .order_by("row", "pk")
        .values_list("row", "problems")[:MOST_ROWS]
    )
    said: dict[int, list[str]] = defaultdict(list)
    for row, problems in rows.iterator(chunk_size=2000):
        for one in problems:
            given = f" “{one['given']}”" if one["given"] else ""
            column = one["column"].removeprefix("dim:")
            said[row].append(f"{column}{given}: {one['message']}")
    return {row: _("Row %(row)s. ") % {"row": row} + " ".join(texts) for row, texts in said.items()}
