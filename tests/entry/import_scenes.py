"""A programme whose figures come from files: what a test sends, and a worker in the test's own process."""

from __future__ import annotations

import io

from django.core.files.base import ContentFile

from indicators.entry.importing import actions, running
from indicators.models import FileImport, ImportRow
from tests.entry.scenes import LATER, Scene
from tests.factories import AT, make_indicator, make_unit, make_version

HEAD = "indicator,period,unit,numerator,denominator,comment"


class FileScene(Scene):
    """A share by sites (BS-01), a count by nation (CT-02); sites BSR and NA."""

    def __init__(self, **version):
        super().__init__(version=make_version("BS-01", **version))
        self.sites = [make_unit(self.programme, code) for code in ("BSR", "NA")]
        self.indicator.units.set(self.sites)
        count = make_version(
            "CT-02", value_type="count", time_rule="sum", site_rule="sum", scale=1, min_denominator=None,
            unit="persons",
            disaggregations=[{"name": "sex", "label": "Sex", "categories": [{"code": "f", "label": "Women"}]}],
        )  # fmt: skip
        self.count = make_indicator(self.programme, version=count)

    def send(self, content, name="figures.csv", by=None, **more) -> FileImport:
        """Send a file and let a worker look into it."""
        if isinstance(content, str):
            content = content.encode()
        by = by or self.officer
        made = actions.create_import(
            programme=self.programme, file=ContentFile(content), name=name, by=by, at=AT, **more
        )
        return self.work(made)

    def work(self, made) -> FileImport:
        running.run_waiting(at=lambda: LATER, pk=made.pk)
        return FileImport.objects.select_related("programme").get(pk=made.pk)

    def confirm(self, made, **given) -> FileImport:
        """Say what the columns mean, over what was proposed."""
        layout = actions.layout_of(made, given)
        actions.confirm_layout(file_import=made, layout=layout, by=self.officer, at=AT)
        return self.work(made)

    def apply(self, made) -> FileImport:
        actions.apply_import(file_import=made, by=self.officer, at=LATER)
        return self.work(made)

    def undo(self, made) -> FileImport:
        actions.undo_import(file_import=made, by=self.officer, at=LATER)
        return self.work(made)


def lines(*rows):
    return "\n".join((HEAD, *rows)) + "\n"


def problems_of(made):
    rows = ImportRow.objects.filter(file_import=made, kind="problem").order_by("row", "pk")
    return [(row.row, one["column"], one["message"]) for row in rows for one in row.problems]


def kinds_of(made):
    return {kind: count for kind, count in made.counts["kinds"].items() if count}


def workbook(*sheets, **options):
    """An XLSX file: each sheet is (name, rows, more), where `more` is called with the book and the sheet."""
    import xlsxwriter

    output = io.BytesIO()
    with xlsxwriter.Workbook(output, options) as book:
        for name, rows, *more in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            for one in more:
                one(book, sheet)
    return output.getvalue()
