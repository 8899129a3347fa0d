"""One frozen assessment: its verdicts, and for ex-post its questions one by one. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from indicators.charts import Estimate, EstimateSet, PairedCourse
from indicators.models import AssessmentRun, Evaluation, GlobalRole, Kind, Status, User, Verdict
from indicators.reports import adjustments, expost_page
from indicators.reports.explained_verdict import verdict_outline
from indicators.reports.explanation import explanation_table
from indicators.reports.expost_pictures import slopes_of
from indicators.reports.queries import Tally
from indicators.reports.tables import Row, Table
from indicators.reports.verdict_tables import assessment_table
from indicators.reports.wording import say, say_all
from indicators.templatetags.ui import with_days

MOST_SLOPES = 12
HALF = Decimal("0.5")
ANSWERS = {"yes": "check", "no": "x", "cannot_tell": "circle-question"}


def visible_runs(user: User) -> QuerySet[AssessmentRun]:
    return AssessmentRun.objects.visible_to(user).select_related("programme", "due", "due__requested_by")


def verdicts_of(user: User, run: AssessmentRun) -> list[Verdict]:
    """The verdicts that one sees, with all that a row asks of them. One query."""
    return list(
        Verdict.objects.visible_to(user)
        .filter(run=run)
        .select_related(
            "indicator__definition", "indicator__version", "indicator__partner", "course_run__course"
        )
        .order_by(
            "indicator__definition__code",
            "indicator__partner__name",
            "indicator_id",
            "course_run__starts_on",
            "method",
        )
    )


def table_of(user: User, run: AssessmentRun) -> Table:
    verdicts = verdicts_of(user, run)
    return assessment_table(run, verdicts, expost_page.names_for(user, verdicts))


def explained_table(user: User, run: AssessmentRun) -> Table:
    """The verdicts for a file, with the steps of each beside them."""
    table = table_of(user, run)
    shown = [verdict_outline(row.about, run) for row in table.rows]
    table.explanation = explanation_table(
        shown, name="explain-assessment", key=str(run.pk), title=table.title
    )
    return table


def context(user: User, run: AssessmentRun) -> dict[str, Any]:
    """Everything that the page shows; counts come from the verdicts that this person sees."""
    table = table_of(user, run)
    is_ex_post = run.kind == Kind.EX_POST
    tally = _tally(table.rows)
    judged = [row for row in table.rows if row.about.method == "judge"]
    asked = [row for row in table.rows if row.about.method != "judge"]
    exploratory = [row for row in asked if not expost_page.is_primary(row)]
    blocks = expost_page.primary_blocks(user, asked) if is_ex_post else []
    expost_page.retention_curves(user, run, blocks)
    verdicts = [row.about for row in table.rows]
    return {
        "run": run,
        "programme": run.programme,
        "is_ex_post": is_ex_post,
        "table": table,
        "tally": tally,
        "counts": dict(tally.counts),
        "judged": judged,
        "blocks": blocks,
        "plans": expost_page.plans_behind(user, run, blocks),
        "releases": expost_page.release_names(verdicts) if is_ex_post else [],
        "groups": groups(user, exploratory) if is_ex_post else [],
        "asked": len(asked),
        "refused": sum(bool(row.about.refusal_code) for row in asked),
        "assessability": expost_page.assessability(run, table.rows) if is_ex_post else None,
        "changes": expost_page.changes_since(user, run, verdicts) if run.revision > 1 else None,
        "summary": summary(asked) if is_ex_post else "",
        "evaluations": list(Evaluation.objects.visible_to(user).filter(run=run).select_related("lead")),
        "aftermaths": adjustments.before_run(user, run),
        "others": list(
            AssessmentRun.objects.visible_to(user)
            .filter(programme=run.programme_id)
            .exclude(pk=run.pk)
            .order_by("-as_of", "-revision")[:8]
        ),
        "is_partner_viewer": user.global_role == GlobalRole.PARTNER_VIEWER,
    }


def _tally(rows: Sequence[Row]) -> Tally:
    found = Tally()
    for row in rows:
        verdict = row.about
        found.reported += verdict.reported
        found.expected += verdict.expected
        if verdict.status in Status.values:
            found.counts[verdict.status] += 1
            if verdict.indicator.is_critical:
                found.critical.add(verdict.status)
    return found


def summary(rows: Sequence[Row]) -> str:
    """What the ex-post answers come to, in one sentence; empty when nothing was asked."""
    if not rows:
        return ""
    answered = [row.about for row in rows if not row.about.refusal_code]
    planned = [one for one in answered if expost_page.is_planned(one)]
    tested = [
        one for one in planned if one.result["params"].get("tested") in {"significant", "not_significant"}
    ]
    said = []
    if tested:
        clear = sum(one.result["params"]["tested"] == "significant" for one in tested)
        said.append(
            _("%(clear)s of %(all)s planned tests are significant") % {"clear": clear, "all": len(tested)}
        )
    outside = [one for one in answered if not expost_page.is_planned(one) and _is_change(one)]
    if outside:
        beyond = sum(_leaves_out_no_change(one) for one in outside)
        said.append(
            _("of %(all)s exploratory changes %(clear)s have an interval that leaves out “no change”")
            % {"clear": beyond, "all": len(outside)}
        )
    shares = [one for one in answered if _is_share(one)]
    if shares:
        kept = sum(one.value is not None and one.value >= HALF for one in shares)
        said.append(
            _("in %(kept)s of %(all)s cases at least half was still there")
            % {"kept": kept, "all": len(shares)}
        )
    if not said:
        return _("None of the %(count)s questions can be answered yet.") % {"count": len(rows)}
    return _("%(answered)s of %(count)s questions have an answer: %(said)s.") % {
        "answered": len(answered),
        "count": len(rows),
        "said": "; ".join(said),
    }


def _is_share(verdict: Verdict) -> bool:
    return verdict.inputs.get("compute") in expost_page.LASTING


def _is_change(verdict: Verdict) -> bool:
    return not _is_share(verdict) and verdict.inputs.get("compute") != "contribution_rating"


def _leaves_out_no_change(verdict: Verdict) -> bool:
    """Whether the interval excludes 0, or 1 for a ratio. Without an interval nothing is claimed."""
    if verdict.low is None or verdict.high is None:
        return False
    none = 1 if verdict.result.get("params", {}).get("kind") == "rate_ratio" else 0
    return not verdict.low <= none <= verdict.high


def groups(user: User, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Ex-post answers by question: chart, rows with assumptions, and how many cannot be assessed."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.about.method != "judge":
            found.setdefault(row.about.method, []).append(row)
    made = [_group(user, method, members) for method, members in found.items()]
    order = [
        "picked",
        "paired_gain",
        "retention_m6",
        "retention_m12",
        "before_after_end",
        "before_after_follow_up",
    ]
    made.sort(key=lambda one: order.index(one["method"]) if one["method"] in order else len(order))
    return made


def _group(user: User, method: str, rows: Sequence[Row]) -> dict[str, Any]:
    refused = sum(bool(row.about.refusal_code) for row in rows)
    title = rows[0].cells["question"].text
    return {
        "method": method,
        "title": title,
        "rows": [_answer(row) for row in rows],
        "total": len(rows),
        "refused": refused,
        "reasons": Counter(row.cells["refusal"].text for row in rows if row.about.refusal_code).most_common(),
        "estimates": _estimates(title, rows),
        "slopes": _slopes(rows) if user.global_role != GlobalRole.PARTNER_VIEWER else [],
        "has_courses": any(row.about.course_run_id for row in rows),
    }


def _estimates(title: str, rows: Sequence[Row]) -> EstimateSet | None:
    """The results that share a scale, on one axis with their intervals; None when none has an interval."""
    drawn = [row for row in rows if row.about.low is not None]
    if not drawn:
        return None
    scale = drawn[0].cells["scale"].text
    if _is_bound_to_a_unit(drawn[0]) and len({row.cells["unit"].text for row in drawn}) > 1:
        return None
    result = drawn[0].about
    is_share = _is_share(result)
    is_ratio = result.result.get("params", {}).get("kind") == "rate_ratio"
    factor = 100 if is_share else 1
    return EstimateSet(
        title=title,
        # xgettext:no-python-format
        unit=_("% of the gain") if is_share else scale,
        reference=1 if is_ratio else 100 if is_share else 0,
        is_change=not (is_ratio or is_share),
        estimates=[
            Estimate(
                label=label_of(row),
                value=_times(row.about.value, factor),
                low=_times(row.about.low, factor),
                high=_times(row.about.high, factor),
                note=f"{row.cells['method'].text}, n = {row.about.result.get('n', 0)}",
                refusal=str(row.cells["refusal"].value or ""),
            )
            for row in rows
            if row.about.value is None or row.cells["scale"].text == scale
        ],
    )


def _is_bound_to_a_unit(row: Row) -> bool:
    """Changes in units of different indicators do not belong on one axis; points, ratios and g do."""
    verdict = row.about
    if verdict.inputs.get("compute") != "before_after":
        return False
    is_percent = verdict.inputs["rule"].get("scale") == "100"
    return not is_percent and verdict.result.get("params", {}).get("kind") != "rate_ratio"


def _times(value: Decimal | None, factor: int) -> Decimal | None:
    return None if value is None else value * factor


def label_of(row: Row) -> str:
    """The course run, or the indicator with its partner."""
    verdict = row.about
    if verdict.course_run is not None:
        return f"{verdict.course_run.course.title} · {verdict.course_run.code}"
    partner = f" · {verdict.indicator.partner}" if verdict.indicator.partner else ""
    return f"{verdict.indicator.definition.code} {verdict.indicator.name}{partner}"


def _answer(row: Row) -> dict[str, Any]:
    """A row with what stands behind it: sentence, assumptions, flags, before and after."""
    result = row.about.result
    return {
        "row": row,
        "label": label_of(row),
        "sentence": say_all(result.get("sentence", [])),
        "assumptions": [
            {
                "holds": one["holds"],
                "icon": ANSWERS[one["holds"]],
                "word": answer_word(one["holds"]),
                "text": say(one["text"]),
            }
            for one in result.get("assumptions", [])
        ],
        "steps": [
            (
                say(step["label"]),
                with_days(":  ".join(part for part in (step["rule"], step["substituted"]) if part)),
                step["result"],
            )
            for step in result.get("steps", [])
        ],
        "n": result.get("n", 0),
        "label_of_result": say(result.get("label")),
    }


def answer_word(code: str) -> str:
    return {"yes": _("Yes"), "no": _("No"), "cannot_tell": _("Cannot tell")}[code]


def _slopes(rows: Sequence[Row]) -> list[PairedCourse]:
    """Scores of the same people before and after, without anybody's name, where there are enough of them."""
    gains = [row for row in rows if row.about.inputs.get("compute") == "paired_gain"]
    return [one for row in gains for one in slopes_of(row.about, label_of(row))][:MOST_SLOPES]
