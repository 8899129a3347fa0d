"""Observations from a spreadsheet: read all, check all, then keep all or nothing."""

from indicators.entry.importing.applying import Outcome, import_table
from indicators.entry.importing.checking import Problem
from indicators.entry.importing.reader import Table, read_table

__all__ = ["Outcome", "Problem", "Table", "import_table", "read_table"]
