"""The planned answers of an ex-post assessment, what could not be assessed and when, what changed since. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from indicators.charts import RetainedPoint, Retention
from indicators.engine.expost.turn_words import ABOUT_TURNING, WOULD_TURN
from indicators.models import (
    AssessmentRun,
    ContextRelease,
    CourseRun,
    ExPostMethod,
    ExPostPlan,
    GlobalRole,
    Partner,
    ProgrammeIndicator,
    ReportingUnit,
    User,
    Verdict,
)
from indicators.reports import contribution_page
from indicators.reports.expost_pictures import PLACEBO_GAPS, gaps_of, lines_of, ranks_of, slopes_of, study_of
from indicators.reports.tables import Row
from indicators.reports.verdict_tables import confidence_word, named
from indicators.reports.wording import say, say_all

ANSWERS = {"yes": "check", "no": "x", "cannot_tell": "circle-question"}
Names = Mapping[str, str]
"""Code → name, for one verdict."""
COLUMNS = {
    "period": "Period", "observed": "Observed", "fitted": "Fitted", "without_change": "Without the change",
    "low": "From", "high": "To", "without": "Without", "difference": "Difference", "level": "Change of level",
    "effect_at_end": "Effect at the horizon", "effect": "Effect", "unit": "Unit", "group": "Group",
    "change": "Change", "donor": "Donor", "weight": "Weight", "rank": "Rank", "ratio": "After ÷ before",
    "synthetic": "Synthetic control", "gap": "Gap", "time": "Periods from the start", "rmspe_before": "Misfit before",
}  # fmt: skip
DRAWN = {"counterfactual", "gap", "event_study", "rivals", PLACEBO_GAPS, WOULD_TURN}
"""Tables that stand behind a picture already, or in a section of their own."""
NO_EFFECT = {"series_retention", "retention", "share_kept", "contribution_rating"}
"""What asks for no comparison: whether something lasted, and what people judge."""
FINDINGS = {
    "up": gettext_lazy("it went up"),
    "down": gettext_lazy("it went down"),
    "cannot_tell": gettext_lazy("cannot tell"),
    "refused": gettext_lazy("cannot be answered"),
}


PLANNED_AS = {"retention": ExPostMethod.PARTICIPANT_RETENTION}
"""What a computation is called in a plan, where it has another name there."""
LASTING = {"series_retention", "retention", "share_kept"}


def is_primary(row: Row) -> bool:
    """Whether the plan asks it: of the indicator as a whole, or of every course run."""
    return str(row.about.method).startswith("primary") or "plan" in row.about.inputs


def method_of(verdict: Verdict) -> str:
    """The method by its name in the plan; empty where it has none."""
    compute = verdict.inputs["compute"]
    found = PLANNED_AS.get(compute, compute)
    return str(ExPostMethod(found).label) if found in ExPostMethod.values else ""


def is_planned(verdict: Verdict) -> bool:
    return bool(verdict.inputs.get("standing", {}).get("is_planned"))


def primary_blocks(user: User, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every question of the plan with all that stands behind its answer. Up to five queries, however many."""
    chosen = _by_time([row for row in rows if is_primary(row)])
    names = names_for(user, [row.about for row in chosen])
    judged = contribution_page.judged_in(user, [row.about for row in chosen])
    return [
        _block(user, row, names[row.about.pk]) | {"contribution": judged.get(row.about.pk)} for row in chosen
    ]


def _by_time(rows: list[Row]) -> list[Row]:
    """The rows as they stand, but the later tests of one course run in the order of time."""
    places: dict[tuple[int, int | None], int] = {}
    for place, row in enumerate(rows):
        places.setdefault((row.about.indicator_id, row.about.course_run_id), place)
    return sorted(
        rows,
        key=lambda row: (
            places[row.about.indicator_id, row.about.course_run_id], months_later(row.about),
        ),
    )  # fmt: skip


def months_later(verdict: Verdict) -> int:
    """How long after the course its people were tested again; 0 of any other question."""
    return int((verdict.inputs.get("question") or {}).get("params", {}).get("months", 0))


def names_for(user: User, verdicts: Iterable[Verdict]) -> dict[int, dict[str, str]]:
    """Verdict → code → name of those compared, as far as the person sees them; the frozen answer has codes alone."""
    verdicts = list(verdicts)
    wanted: dict[str, set[int]] = defaultdict(set)
    for one in (one for verdict in verdicts for one in verdict.inputs.get("units", [])):
        wanted[one["kind"]].add(one["pk"])
    units = {one.pk: str(one) for one in _some(ReportingUnit.objects.visible_to(user), wanted["unit"])}
    indicators = {
        one.pk: f"{one.partner or one.programme.name} ({one.programme.code})"
        for one in _some(
            ProgrammeIndicator.objects.visible_to(user).select_related("programme", "partner"),
            wanted["indicator"],
        )
    }
    countries = {one.pk: str(one) for one in _some(Partner.objects.visible_to(user), wanted["country"])}
    runs = {
        one.pk: f"{one.course.title} · {one.code}"
        for one in _some(CourseRun.objects.visible_to(user).select_related("course"), wanted["run"])
    }
    known: dict[str, dict[int, str]] = {
        "unit": units, "indicator": indicators, "country": countries, "run": runs,
    }  # fmt: skip
    return {
        verdict.pk: {
            one["code"]: known[one["kind"]].get(one["pk"], _("%(code)s, which you do not see") % one)
            for one in verdict.inputs.get("units", [])
        }
        for verdict in verdicts
    }


def _some(rows: Any, pks: set[int]) -> Any:
    return rows.filter(pk__in=pks) if pks else ()


def _block(user: User, row: Row, names: Names) -> dict[str, Any]:
    verdict, result = row.about, row.about.result
    indicator, inputs = verdict.indicator, verdict.inputs
    title = f"{indicator.name}{f' · {indicator.partner}' if indicator.partner else ''}"
    if verdict.course_run is not None:
        title = f"{title} · {verdict.course_run.course.title} · {verdict.course_run.code}"
    if months_later(verdict):
        title = _("%(title)s, %(months)s months later") % {"title": title, "months": months_later(verdict)}
    unit = row.cells["unit"].text if not row.cells["unit"].is_missing else ""
    params, said = result.get("params", {}), result.get("sentence", [])
    return {
        "row": row,
        "title": title,
        "course": str(verdict.course_run) if verdict.course_run else "",
        "is_planned": is_planned(verdict),
        "method": method_of(verdict),
        "method_reason": inputs.get("method_reason", ""),
        "proposed": ExPostMethod(inputs["proposed"]).label if inputs.get("proposed") else "",
        "label": say(result.get("label")),
        "plain": plain_words(row),
        "sentence": named(say_all([one for one in said if one["template"] not in ABOUT_TURNING]), names),
        "turns": [named(say(one), names) for one in said if one["template"] in ABOUT_TURNING],
        "turned": _turned(result, names),
        "asks_effect": inputs["compute"] not in NO_EFFECT,
        "notes": [say(one) for one in inputs.get("standing", {}).get("notes", [])],
        "when": earliest(verdict),
        "lines": lines_of(verdict, title, unit),
        "study": study_of(verdict, title, unit),
        "gaps": gaps_of(verdict, names, title, unit),
        "ranks": ranks_of(verdict, names),
        "slopes": [] if user.global_role == GlobalRole.PARTNER_VIEWER else slopes_of(verdict, title),
        "tables": [_table(one, names) for one in result.get("tables", []) if one["name"] not in DRAWN],
        "assumptions": [
            {
                "icon": ANSWERS[one["holds"]],
                "holds": one["holds"],
                "text": named(say(one["text"]), names),
            }
            for one in result.get("assumptions", [])
        ],
        "confidence": confidence_word(verdict.confidence),
        "reasons": [named(say(one["text"]), names) for one in result.get("reasons", [])],
        "compared": [name for code, name in names.items() if code.startswith("C")],
        "params": [(name, value) for name, value in sorted(params.items()) if value is not None],
        "p": {
            "raw": params.get("p_raw"),
            "adjusted": params.get("p_adjusted"),
            "family": params.get("family_size"),
        },
        "smallest": inputs.get("smallest_change", ""),
    }


COMPARED = {
    "difference_in_differences": gettext_lazy("places that the programme does not reach"),
    "comparative_interrupted_series": gettext_lazy("its comparison"),
    "synthetic_control": gettext_lazy("a mix of places that ran alike before"),
    "interrupted_series": gettext_lazy("the line before the start, carried on"),
    "counterfactual_trend": gettext_lazy("the earlier trend, carried on"),
    "paired_gain": gettext_lazy("the participants’ own scores before the course"),
    "paired_gain_with_comparison": gettext_lazy("people who did not take the course"),
}
"""Against what a result stands; anything else: against before."""


def plain_words(row: Row) -> str:
    """The answer for somebody who reads one sentence; empty for a refusal."""
    verdict = row.about
    if verdict.value is None:
        return ""
    value, params = row.cells["value"], verdict.result.get("params", {})
    if verdict.inputs["compute"] in {"series_retention", "retention"}:
        return _("%(share)s of the change was still there when it was measured again.") % {
            "share": value.text
        }
    if verdict.inputs["compute"] == "share_kept":
        return _("%(share)s of what was there was still there when it was counted again.") % {
            "share": value.text
        }
    if verdict.inputs["compute"] == "contribution_rating":
        return contribution_page.plain_words(verdict)
    no_change = 1 if params.get("kind") == "rate_ratio" else 0
    if no_change:
        return _("After the start it happened %(times)s times as often as before.") % {"times": value.text}
    figures = {
        "size": value.text.lstrip("\N{MINUS SIGN}-"),
        "scale": row.cells["scale"].text,
        "against": COMPARED.get(verdict.inputs["compute"], _("the time before the start")),
    }
    if _crosses(verdict, no_change):
        return (
            _(
                "Compared with %(against)s, whether anything changed cannot be told: the interval goes from down to up."
            )
            % figures
        )
    said = (
        _("Compared with %(against)s it moved up by %(size)s %(scale)s.") if verdict.value > 0
        else _("Compared with %(against)s it moved down by %(size)s %(scale)s.") if verdict.value < 0
        else _("Compared with %(against)s it did not move.")
    ) % figures  # fmt: skip
    return f"{said} {_direction(verdict)}".strip()


def _crosses(verdict: Verdict, no_change: int) -> bool:
    return verdict.low is not None and verdict.high is not None and verdict.low <= no_change <= verdict.high


def _direction(verdict: Verdict) -> str:
    wanted = {"ascending": 1, "maintain_above": 1, "descending": -1, "maintain_below": -1}.get(
        verdict.indicator.version.direction
    )
    if wanted is None or not verdict.value:
        return ""
    return (
        _("That is the intended direction.")
        if wanted * verdict.value > 0
        else _("That is the wrong direction.")
    )


def retention_curves(user: User, run: AssessmentRun, blocks: Sequence[dict[str, Any]]) -> None:
    """Give each question of lasting its curve: what was left at each measurement point so far. One query."""
    _curves_of_courses(blocks)
    asked = {
        block["row"].about.indicator_id: block
        for block in blocks
        if block["row"].about.inputs["compute"] in {"series_retention", "share_kept"}
    }
    if not asked:
        return
    rows = (
        Verdict.objects.visible_to(user)
        .filter(
            run__programme=run.programme_id, run__kind=run.kind, run__as_of__lte=run.as_of,
            indicator__in=asked, method__startswith="primary",
        )
        .select_related("run")
        .defer("inputs")
        .order_by("run__as_of", "run__revision")
    )  # fmt: skip
    points: dict[int, dict[int, RetainedPoint]] = defaultdict(dict)
    for one in rows:
        months = round((one.run.as_of - run.programme.ends_on).days / 30.4375)
        if months > 0:
            points[one.indicator_id][months] = RetainedPoint(
                months=months,
                share=one.value,
                note=one.run.label,
                refusal=say(one.result["refusal"]["message"]) if one.result.get("refusal") else "",
            )
    for pk, block in asked.items():
        if points[pk]:
            block["retention"] = Retention(
                title=block["title"],
                points=[RetainedPoint(months=0, share=1), *points[pk].values()],
                is_of_things=block["row"].about.inputs["compute"] == "share_kept",
            )


def _curves_of_courses(blocks: Sequence[dict[str, Any]]) -> None:
    """The same of participants: what each course run's people kept at each later test, under its first question."""
    runs: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
    for block in blocks:
        if block["row"].about.inputs["compute"] == "retention":
            runs[block["row"].about.indicator_id, block["row"].about.course_run_id].append(block)
    for members in runs.values():
        points = [_point_of(one["row"].about) for one in members]
        members[0]["retention"] = Retention(
            title=members[0]["course"],
            points=[RetainedPoint(months=0, share=1), *sorted(points, key=lambda one: one.months)],
        )


def _point_of(verdict: Verdict) -> RetainedPoint:
    refusal = verdict.result.get("refusal")
    return RetainedPoint(
        months=months_later(verdict),
        share=verdict.value,
        low=verdict.low,
        high=verdict.high,
        refusal=say(refusal["message"]) if refusal else "",
    )


def _table(table: Mapping[str, Any], names: Names) -> dict[str, Any]:
    return {
        "caption": named(say(table["caption"]), names),
        "columns": [_(COLUMNS.get(name, name.replace("_", " ").capitalize())) for name in table["columns"]],
        "rows": [
            [named(cell, names) if isinstance(cell, str) else cell for cell in row] for row in table["rows"]
        ],
    }


def _turned(result: Mapping[str, Any], names: Names) -> list[tuple[str, str, float | None]]:
    """Each point or unit without which the answer says something else: what it would say, and its value."""
    tables = [one for one in result.get("tables", []) if one["name"] == WOULD_TURN]
    return [
        (named(without, names), str(FINDINGS[would_say]), value)
        for one in tables
        for without, _now, would_say, value in one["rows"]
    ]


def earliest(verdict: Verdict) -> date | None:
    """From when the refused question could be answered, if every period brings its value."""
    if not verdict.refusal_code:
        return None
    refusal = verdict.result.get("refusal") or {}
    days = [refusal.get("message", {}).get("params", {}).get("when")]
    choice = verdict.inputs.get("choice", {})
    own = [one for one in choice.get("not_possible", []) if one["method"] == verdict.inputs.get("compute")]
    days += [one["when"] for one in own or choice.get("not_possible", [])]
    found = sorted(date.fromisoformat(day) for day in days if day)
    return found[0] if found else None


def assessability(run: AssessmentRun, rows: Sequence[Row]) -> dict[str, Any]:
    """How many indicators have no answer at all yet, and from when some of them can have one."""
    by_indicator: dict[int, list[Verdict]] = defaultdict(list)
    for row in rows:
        if row.about.method != "judge":
            by_indicator[row.about.indicator_id].append(row.about)
    silent = {pk: them for pk, them in by_indicator.items() if all(one.refusal_code for one in them)}
    days = [min(found) for them in silent.values() if (found := [d for one in them if (d := earliest(one))])]
    ahead = Counter(_quarter(day) for day in sorted(days) if day > run.as_of)
    coming, total = [], 0
    for quarter, count in sorted(ahead.items()):
        total += count
        coming.append((quarter, total))
    return {
        "refused": len(silent),
        "total": len(by_indicator),
        "coming": coming,
        "sentence": _assessability_words(len(silent), len(by_indicator), coming),
    }


def _quarter(day: date) -> str:
    return f"{day.year} Q{(day.month + 2) // 3}"


def _assessability_words(refused: int, total: int, coming: Sequence[tuple[str, int]]) -> str:
    if not total:
        return ""
    if not refused:
        return _("Every indicator has at least one answer.")
    said = ngettext(
        "%(refused)s of %(total)s indicator cannot yet be assessed ex-post",
        "%(refused)s of %(total)s indicators cannot yet be assessed ex-post",
        total,
    ) % {"refused": refused, "total": total}
    if not coming:
        return said + "."
    quarter, count = coming[0]
    return _("%(said)s; %(count)s can from %(quarter)s on, if every period brings its value.") % {
        "said": said,
        "count": count,
        "quarter": quarter,
    }


def changes_since(user: User, run: AssessmentRun, verdicts: Sequence[Verdict]) -> dict[str, Any] | None:
    """What differs from the revision before: answers on other inputs, with the figures; the method; the software."""
    last = (
        AssessmentRun.objects.visible_to(user)
        .filter(programme=run.programme_id, kind=run.kind, as_of=run.as_of, revision__lt=run.revision)
        .order_by("-revision")
        .first()
    )
    if last is None:
        return None
    before = {
        (one.indicator_id, one.course_run_id, one.method): one
        for one in Verdict.objects.visible_to(user).filter(run=last)
    }
    now = {(one.indicator_id, one.course_run_id, one.method): one for one in verdicts}
    changed = [one for key, one in now.items() if key in before and before[key].input_hash != one.input_hash]
    return {
        "last": last,
        "method": (last.method_version, run.method_version)
        if last.method_version != run.method_version
        else None,
        "software": (last.software_version, run.software_version)
        if last.software_version != run.software_version
        else None,
        "changed": [
            {
                "verdict": one,
                "what": _differences(before[one.indicator_id, one.course_run_id, one.method], one),
            }
            for one in changed
        ],
        "added": [one for key, one in now.items() if key not in before],
        "removed": [one for key, one in before.items() if key not in now],
    }


def _differences(old: Verdict, new: Verdict) -> list[str]:
    """In words: periods whose value changed, and other inputs by their names."""
    series = {p["label"]: p.get("value") for p in old.inputs.get("series", [])}
    said = [
        _("%(period)s: %(old)s → %(new)s")
        % {
            "period": period["label"],
            "old": series.get(period["label"]) or "–",
            "new": period.get("value") or "–",
        }
        for period in new.inputs.get("series", [])
        if series.get(period["label"]) != period.get("value")
    ]
    skipped = {"series", "family"}
    other = sorted(
        name
        for name in set(old.inputs) | set(new.inputs)
        if name not in skipped and old.inputs.get(name) != new.inputs.get(name)
    )
    words = {
        "standing": _("how it stands to the plan"), "plan": _("the plan"), "data_quality": _("data quality"),
        "comparisons": _("figures of those compared"), "treated": _("figures of single sites"),
        "choice": _("what the decision table says"), "scores": _("scores"), "followup": _("value afterwards"),
        "end": _("value at the end"), "baseline": _("value before"), "snapshot": _("figures"),
    }  # fmt: skip
    return said[:6] + [words.get(name, name.replace("_", " ")) for name in other]


def plans_behind(user: User, run: AssessmentRun, blocks: Sequence[Mapping[str, Any]]) -> list[ExPostPlan]:
    """The plans that the answers name. One query when there are any."""
    pks = {
        block["row"].about.inputs["plan"]["pk"] for block in blocks if block["row"].about.inputs.get("plan")
    }
    if not pks:
        return []
    return list(
        ExPostPlan.objects.visible_to(user).filter(pk__in=pks, programme=run.programme_id).order_by("number")
    )


def release_names(verdicts: Iterable[Verdict]) -> list[str]:
    """Editions of published series that answers rest on. One query when there are any."""
    pks = {one["release"] for v in verdicts for one in v.inputs.get("units", []) if one.get("release")}
    return (
        [str(one) for one in ContextRelease.objects.filter(pk__in=pks).select_related("series")]
        if pks
        else []
    )
