"""Observations from files: read in a bounded way, staged, checked, shown, then taken over as a whole or not at all."""

from indicators.entry.importing.reader import Table, read_table

__all__ = ["Table", "read_table"]
