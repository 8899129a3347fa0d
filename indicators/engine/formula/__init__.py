"""Formula indicators: a small language over other indicators, read, checked, computed and said (docs/formulas.md)."""

from .arithmetic import Absent, Value
from .checking import ANSWERS, Known, check
from .computing import Inputs, compiled, compute
from .functions import FUNCTIONS, Function, Kind, nearest
from .outcome import Outcome, outcomes, year_starts
from .reading import parse
from .tree import Expression, FormulaError, Reference, references
from .wording import in_words, show, substituted, to_text

__all__ = [
    "ANSWERS",
    "FUNCTIONS",
    "Absent",
    "Expression",
    "FormulaError",
    "Function",
    "Inputs",
    "Kind",
    "Known",
    "Outcome",
    "Reference",
    "Value",
    "check",
    "compiled",
    "compute",
    "in_words",
    "nearest",
    "outcomes",
    "parse",
    "references",
    "show",
    "substituted",
    "to_text",
    "year_starts",
]
