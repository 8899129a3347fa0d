"""The least that a test needs: plain functions that make rows, with every value open to change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from indicators.models import (
    CompositeIndex,
    DesignVersion,
    IndicatorDefinition,
    IndicatorVersion,
    Membership,
    Milestone,
    Objective,
    Observation,
    Partner,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
    ReportingUnit,
    Role,
    State,
    TargetRevision,
    User,
)
from indicators.programmes.composing import create_index
from indicators.programmes.recipes import Part

numbers = count(1)
AT = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
"""A moment inside the factory programme, after its third quarter of 2025 has ended."""


def make_partner(code: str = "IRQ", **given: Any) -> Partner:
    defaults = {"alpha2": code[:2], "name": f"Country {code}", "framework": "NMI"} | given
    return Partner.objects.get_or_create(code=code, defaults=defaults)[0]


def make_user(
    username: str = "", *, programme: Programme | None = None, role: str = "", **given: Any
) -> User:
    """A person; with `programme` and `role`, a member of it. The password is the username."""
    username = username or f"person{next(numbers)}"
    user = User(username=username, first_name=username.title(), **given)
    user.set_password(username)
    user.save()
    if programme is not None:
        Membership.objects.create(
            user=user, programme=programme, role=role or Role.OFFICER, starts_on=date(2020, 1, 1)
        )
    return user


def make_admin(username: str = "", **given: Any) -> User:
    return make_user(username, global_role="admin", **given)


def make_programme(code: str = "", *, partners: list[Partner] | None = None, **given: Any) -> Programme:
    """A programme from 2024 to 2026 with a design in force and one outcome, OC1."""
    defaults: dict[str, Any] = {
        "name": "A programme",
        "summary": "What it is about.",
        "framework": "NMI",
        "starts_on": date(2024, 1, 1),
        "ends_on": date(2026, 12, 31),
        "time_zone": "Asia/Baghdad",
    }
    programme = Programme.objects.create(code=code or f"P{next(numbers)}", **(defaults | given))
    programme.partners.set(partners if partners is not None else [make_partner()])
    author = User.objects.filter(global_role="admin").first() or make_admin()
    design = DesignVersion.objects.create(
        programme=programme, number=1, state="in_force", in_force_from=programme.starts_on, created_by=author
    )
    Objective.objects.create(design=design, code="OC1", level="outcome", statement="Something is better.")
    return programme


def make_quarters(programme: Programme, *, since: int = 2024, until: int = 2025) -> list[ReportingPeriod]:
    """The quarters of the years, due 15 days after their end."""
    made = []
    for year in range(since, until + 1):
        for quarter in range(4):
            starts_on = date(year, 3 * quarter + 1, 1)
            ends_on = date(year + quarter // 3, (3 * quarter + 3) % 12 + 1, 1) - timedelta(days=1)
            made.append(
                ReportingPeriod.objects.get_or_create(
                    programme=programme,
                    frequency="quarterly",
                    starts_on=starts_on,
                    course_run=None,
                    defaults={
                        "ends_on": ends_on,
                        "label": f"{year} Q{quarter + 1}",
                        "due_on": ends_on + timedelta(days=programme.grace_days),
                    },
                )[0]
            )
    return made


def make_version(code: str = "", **given: Any) -> IndicatorVersion:
    """A library definition with one version; a percentage by default."""
    definition = IndicatorDefinition.objects.create(code=code or f"TST-{next(numbers)}", family="TEST")
    defaults: dict[str, Any] = {
        "number": 1,
        "name": "Posts that meet the standard",
        "result_area": "Border security",
        "definition": "Posts that meet all three criteria.",
        "unit": "percent",
        "value_type": "ratio",
        "numerator_label": "Posts that meet the standard",
        "denominator_label": "Posts in the sector",
        "formula": "100*num/den",
        "scale": Decimal(100),
        "result_level": "outcome",
        "measure": "MOE",
        "tense": "BOTH",
        "direction": "ascending",
        "time_rule": "last",
        "site_rule": "ratio_of_sums",
        "frequency": "quarterly",
        "data_source": "Inspection",
        "collection_method": "Checklist",
        "evidence_expected": "Sheet",
        "min_data_rule": "den>=5",
        "min_denominator": Decimal(5),
        "expost_method": "before/after",
        "limitation": "Does not measure interdiction.",
        "basis": "A source.",
        "content_hash": f"{next(numbers):064d}",
    }
    version = IndicatorVersion.objects.create(definition_of=definition, **(defaults | given))
    definition.current = version
    definition.save(update_fields=["current"])
    return version


def make_indicator(
    programme: Programme | None = None,
    *,
    version: IndicatorVersion | None = None,
    plan: dict[str, Any] | None = None,
    milestones: list[tuple[date, Decimal]] = [],  # noqa: B006 - read only
    units: list[ReportingUnit] | None = None,
    **given: Any,
) -> ProgrammeIndicator:
    """A tailored indicator: from 20 on 2024-01-01 to 80 on 2026-12-31 unless `plan` says otherwise."""
    programme = programme or make_programme()
    version = version or make_version()
    indicator = ProgrammeIndicator.objects.create(
        programme=programme,
        definition=version.definition_of,
        version=version,
        objective=Objective.objects.filter(design__programme=programme, design__state="in_force").first(),
        rationale="It fits because the posts are what the partner asked for.",
        frequency=given.pop("frequency", version.frequency),
        **given,
    )
    if units:
        indicator.units.set(units)
    author = User.objects.filter(global_role="admin").first() or make_admin()
    defaults: dict[str, Any] = {
        "number": 1,
        "baseline": Decimal(20),
        "baseline_on": date(2024, 1, 1),
        "baseline_source": "Joint inspection",
        "target": Decimal(80),
        "target_on": date(2026, 12, 31),
        "effective_on": date(2024, 1, 1),
        "reason": "First agreement.",
        "created_by": author,
    }
    revision = TargetRevision.objects.create(indicator=indicator, **(defaults | (plan or {})))
    for due_on, value in milestones:
        Milestone.objects.create(revision=revision, due_on=due_on, value=value)
    indicator.plan = revision
    indicator.save(update_fields=["plan"])
    return indicator


def make_unit(programme: Programme, code: str = "", **given: Any) -> ReportingUnit:
    code = code or f"U{next(numbers)}"
    return ReportingUnit.objects.create(
        programme=programme, code=code, **({"kind": "site", "name": f"Site {code}"} | given)
    )


def make_observation(indicator: ProgrammeIndicator, period: ReportingPeriod, **given: Any) -> Observation:
    """An approved figure, 30 of 60 unless said otherwise. Derived rows are not touched."""
    if not {"numerator", "value", "text", "missing_reason"} & given.keys():
        given |= {"numerator": Decimal(30), "denominator": Decimal(60)}
    entered_by = given.pop("entered_by", None) or make_user(programme=indicator.programme)
    state = given.pop("state", State.APPROVED)
    defaults: dict[str, Any] = {
        "as_of": period.ends_on,
        "entered_by": entered_by,
        "entered_at": AT,
        "state": state,
    }
    if state != State.DRAFT:
        defaults |= {"submitted_by": entered_by, "submitted_at": AT}
    if state in {State.APPROVED, State.RETURNED, State.REJECTED, State.SUPERSEDED}:
        defaults |= {
            "decided_by": make_user(programme=indicator.programme, role=Role.APPROVER),
            "decided_at": AT,
        }
    return Observation.objects.create(indicator=indicator, period=period, **(defaults | given))


def make_index(
    programme: Programme, indicators: list[ProgrammeIndicator], *, name: str = "An index", **given: Any
) -> CompositeIndex:
    """An index of the whole programme: values between 0 and 100, equal weights, geometric, unless said otherwise."""
    parts = given.pop("parts", None) or [
        Part(indicator=one, low=Decimal(0), high=Decimal(100)) for one in indicators
    ]
    defaults = {
        "purpose": "Where it stands in one look.",
        "across": "programme",
        "reason": "The board asked for one number.",
        "by": User.objects.filter(global_role="admin").first() or make_admin(),
        "at": AT,
    }
    return create_index(programme=programme, name=name, parts=parts, **(defaults | given))
