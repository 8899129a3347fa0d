"""The whole demo in one transaction: people, countries, context, five programmes, their figures. Twice is once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.utils import timezone

from indicators import derived
from indicators.catalogue.actions import load_catalogue
from indicators.management.demo import people, profiles, reference, workflow
from indicators.management.demo.building import Built, Cast, build, lock_plan, make_indices
from indicators.management.demo.courses import figures_of_courses, make_courses
from indicators.management.demo.figures import Figure, figures_of
from indicators.management.demo.judging import rate_contributions
from indicators.management.demo.logbook import Logbook, published
from indicators.management.demo.programmes import ici, ici_rc, md, nmi, patg
from indicators.management.demo.reviewing import make_evaluations
from indicators.models import (
    Frequency,
    IndicatorStatus,
    Observation,
    Programme,
    ProgrammeIndicator,
    ReportingPeriod,
)

DEFINITIONS = Path(__file__).parent / "definitions"
"""Library entries that only the demo uses."""
SEED = 20181001
BLUEPRINTS = (nmi.BLUEPRINT, ici_rc.BLUEPRINT, md.BLUEPRINT, ici.BLUEPRINT, patg.BLUEPRINT)
CONTEXT_SINCE = date(2013, 1, 1)
"""Deaths by month are carried into the programme from here on; all of them stand in the context series."""


@dataclass(slots=True)
class Summary:
    """What there is now, for whoever ran the command."""

    is_new: bool
    counts: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    passwords: list[tuple[str, str]] = field(default_factory=list)


@transaction.atomic
def seed_demo(*, today: date, logins_file: Path | None) -> Summary:
    """Make whatever of the demo is missing; nothing that exists is changed.

    Args:
        today: the day on which the demo ends; figures after it are not made.
        logins_file: where new passwords are written, readable by the owner alone; None: they are returned.
    """
    now = _now(today)
    load_catalogue(by=None, at=now)
    load_catalogue(by=None, at=now, folder=DEFINITIONS)
    partners, organisations = reference.make_reference()
    cast = Cast(people=people.make_people(), partners=partners, organisations=organisations)
    passwords = people.give_passwords(dict(cast.people), logins_file)
    reference.make_context(partners)
    admin = next(one for one in cast.people.values() if one.is_admin)
    profiles.make_profiles(partners, by=admin, at=now)
    missing = [one for one in BLUEPRINTS if not Programme.objects.filter(code=one.code).exists()]
    made = []
    for blueprint in missing:
        rng = random.Random(f"{SEED} {blueprint.code}")
        made.append(build(blueprint, cast, today=today))
        _fill(made[-1], cast, rng=rng, now=now)
    if missing:
        _analyse()
        derived.rebuild(at=now)
        derived.refresh_all(ProgrammeIndicator.objects.values_list("pk", flat=True), at=now)
    for one in made:
        lock_plan(one, cast)
        rate_contributions(one, cast)
    for blueprint in BLUEPRINTS:
        make_indices(blueprint, by=cast.people[blueprint.approver], at=now)
    for one in made:
        if one.blueprint.code == workflow.CODE:
            workflow.show_workflow(one.programme, dict(cast.people), at=now)
    if missing:
        make_evaluations(cast, today=today, now=now)
    return _summary(is_new=bool(missing), passwords=passwords)


def _analyse() -> None:
    """Tens of thousands of rows were written at once: the planner takes the tables for empty until it has looked."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _now(today: date) -> datetime:
    """The present moment, or noon of a day that is not today."""
    now = timezone.now()
    return now if today == now.date() else datetime.combine(today, time(12), tzinfo=UTC)


def _fill(made: Built, cast: Cast, *, rng: random.Random, now: datetime) -> None:
    """The programme's figures and their trail."""
    today = now.date()
    officer, approver = cast.people[made.blueprint.officer], cast.people[made.blueprint.approver]
    book = Logbook(
        officer=officer,
        approver=approver,
        programme_id=made.programme.pk,
        grace_days=made.programme.grace_days,
        now=now,
        rng=rng,
    )
    for tailored, indicator in made.indicators:
        if tailored.formula:
            continue
        book.enter(figures_of(made, tailored, indicator, rng=rng, today=today))
    if made.blueprint.code == ici_rc.BLUEPRINT.code:
        held = make_courses(made, cast, rng=rng, today=today)
        book.enter(figures_of_courses(made, held, rng=rng, today=today), source="course")
    for tailored, indicator in made.indicators:
        if tailored.code.startswith("CTX-"):
            for figure, comment in _published_figures(made, indicator):
                entered = max(figure.period.ends_on + timedelta(days=300), made.programme.starts_on)
                if entered <= today:
                    book.rows.append(
                        published(
                            figure, entered=entered, officer=officer, approver=approver, comment=comment
                        )
                    )
    book.keep()


def _published_figures(made: Built, indicator: ProgrammeIndicator) -> Iterator[tuple[Figure, str]]:
    """Real figures of the context series under the programme's context indicators, with where they come from."""
    if indicator.definition.code == "CTX-05":
        comment = f"{reference.UPPSALA}; {reference.UCDP_VINTAGE}; CC BY 4.0."
        for month, deaths in reference.deaths_by_month():
            if month >= CONTEXT_SINCE:
                period = _month(made.programme, month)
                yield Figure(indicator, period, None, "", {"value": deaths}), comment
        return
    comment = f"{reference.WORLD_BANK}; {reference.WGI_VINTAGE}; CC BY 4.0."
    periods = {
        one.starts_on.year: one
        for one in ReportingPeriod.objects.filter(programme=made.programme, frequency=Frequency.ANNUAL)
    }
    known = {
        year: {"value": value, "standard_error": error}
        for country, year, value, error in reference.governance("cc")
        if indicator.partner is not None and country == indicator.partner.code
    }
    missing = {"missing_reason": "not_collected"}  # The release ends before these years.
    for year, period in periods.items():
        yield Figure(indicator, period, None, "", known.get(year, missing)), comment


def _month(programme: Programme, month: date) -> ReportingPeriod:
    """The month under which an event is filed; those from before the start are made here."""
    ends_on = reference.last_day(month)
    return ReportingPeriod.objects.get_or_create(
        programme=programme,
        frequency=Frequency.EVENT,
        starts_on=month,
        course_run=None,
        defaults={
            "ends_on": ends_on,
            "label": f"{month:%Y-%m}",
            "due_on": ends_on + timedelta(days=programme.grace_days),
        },
    )[0]


def _summary(*, is_new: bool, passwords: list[tuple[str, str]]) -> Summary:
    demo = Programme.objects.filter(code__in=[one.code for one in BLUEPRINTS])
    observations = Observation.objects.filter(indicator__programme__in=demo)
    return Summary(
        is_new=is_new,
        counts={
            "programmes": demo.count(),
            "indicators": ProgrammeIndicator.objects.filter(programme__in=demo).count(),
            "observations": observations.count(),
        },
        states=dict(sorted(Counter(observations.values_list("state", flat=True)).items())),
        statuses=dict(
            sorted(
                Counter(
                    IndicatorStatus.objects.filter(indicator__programme__in=demo).values_list(
                        "status", flat=True
                    )
                ).items()
            )
        ),
        passwords=passwords,
    )
