"""A programme with one course run, its register, and the people around it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace

from indicators.entry.register.actions import keep_lines
from indicators.entry.register.planning import Line
from indicators.models import Course, CourseRun, ReportingPeriod, Role
from tests import factories as make

AT = datetime(2025, 10, 20, 9, 0, tzinfo=UTC)
PERSON = {"nation": "KWT", "sex": "m", "age_band": "<30"}


def make_course(code="CRS", *, ends_on=date(2025, 3, 7)):
    """A run of March 2025 with a period, an officer, a second officer, an approver and an evaluator."""
    nations = [make.make_partner(one) for one in ("KWT", "QAT", "BHR")]
    programme = make.make_programme(code, partners=nations, time_zone="UTC")
    course = Course.objects.create(
        programme=programme, code=f"{code}-C", title="Cyber defence", topic="cyber"
    )
    run = CourseRun.objects.create(
        course=course, code=f"{code}-1", starts_on=date(2025, 3, 3), ends_on=ends_on, seats=20, pass_mark=Decimal(60),
        cost=Decimal(9000),
    )  # fmt: skip
    period = ReportingPeriod.objects.create(
        programme=programme, frequency="per_course", course_run=run, starts_on=run.starts_on, ends_on=run.ends_on,
        due_on=run.ends_on, label="Run 1",
    )  # fmt: skip
    people = {
        name: make.make_user(f"{name}-{code}", programme=programme, role=role)
        for name, role in (
            ("officer", Role.OFFICER), ("colleague", Role.OFFICER), ("approver", Role.APPROVER),
            ("evaluator", Role.EVALUATOR), ("reader", Role.READER),
        )
    }  # fmt: skip
    return SimpleNamespace(programme=programme, course=course, run=run, period=period, **people)


def line(pseudonym, row=1, clears=False, **cells):
    return Line(row=row, pseudonym=pseudonym, cells=cells, clears=clears)


def fill(scene, count=12, *, by=None, asked=True):
    """Twelve people with tests of 50 points; all of them answered after six months."""
    lines = []
    for i in range(count):
        cells = PERSON | {
            "nation": "KWT" if i < count - 3 else "QAT", "sex": "f" if i % 4 == 0 else "m", "reaction": "4.5",
            "pre": str(15 + i % 15), "post": str(25 + i % 15 + i % 3), "maximum_pre": "50", "maximum_post": "50",
            "form_pre": "A", "form_post": "A",
        }  # fmt: skip
        if asked:
            cells |= {"responded_m6": "yes", "applied_m6": "yes" if i % 4 else "no", "in_post_m6": "yes"}
        lines.append(line(f"P{i:02}", row=i + 1, **cells))
    return keep_lines(run=scene.run, lines=lines, version=None, by=by or scene.officer, at=AT)


def make_indicator(scene, code="ICI-08", **given):
    """An indicator of the library that a register feeds."""
    version = make.make_version(code, frequency="per_course", min_denominator=None, **given)
    return make.make_indicator(scene.programme, version=version)
