"""What of a programme goes into a published file, and what does not. Reads only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from indicators.disclosure import withheld_from_all
from indicators.entry.checks import shown_value
from indicators.models import (
    Marking,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingUnit,
    User,
    ValueType,
)


@dataclass(slots=True, kw_only=True)
class Contents:
    """What of a programme goes into the file."""

    programme: Programme
    indicators: list[ProgrammeIndicator]
    figures: dict[int, list[Observation]]
    units: list[ReportingUnit]
    left_out: int = 0
    """Figures of small cells."""
    markings: set[str] = field(default_factory=set)

    @property
    def marking(self) -> str:
        return Marking.PUBLIC.value if self.markings <= {Marking.PUBLIC} else Marking.NATO_UNCLASSIFIED.value


def read_contents(programme: Programme, reader: User | None, *, is_public: bool) -> Contents:
    """Five queries, however many figures."""
    tailored = ProgrammeIndicator.objects.filter(programme=programme, is_active=True)
    observations = Observation.objects.current().filter(missing_reason="")
    units = ReportingUnit.objects.filter(programme=programme)
    if reader is not None:
        tailored = tailored.visible_to(reader)
        observations = observations.visible_to(reader)
        units = units.visible_to(reader)
    if is_public:
        tailored = tailored.filter(marking=Marking.PUBLIC)
        observations = observations.filter(marking=Marking.PUBLIC)
    indicators = list(
        tailored.select_related("definition", "version", "partner", "objective", "plan")
        .prefetch_related("plan__milestones")
        .order_by("objective__position", "definition__code", "partner__code")
    )
    rows = list(
        observations.filter(indicator__in=[one.pk for one in indicators])
        .select_related("indicator__version", "period__course_run__course", "unit")
        .order_by("period__starts_on", "period__ends_on", "unit__code", "cell")
    )
    hidden = withheld_from_all(rows)
    figures: dict[int, list[Observation]] = defaultdict(list)
    for row in rows:
        if row.pk not in hidden and _has_value(row):
            figures[row.indicator_id].append(row)
    named = {row.unit_id for found in figures.values() for row in found if row.unit_id is not None}
    return Contents(
        programme=programme,
        indicators=indicators,
        figures=figures,
        units=[one for one in units.select_related("partner") if one.pk in named],
        left_out=len(hidden),
        markings={one.marking for one in indicators}
        | {row.marking for found in figures.values() for row in found},
    )


def _has_value(row: Observation) -> bool:
    """IATI wants a value for every number: a share of nothing has none."""
    version = row.indicator.version
    return version.value_type == ValueType.TEXT or shown_value(version, vars(row)) is not None
