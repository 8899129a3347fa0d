"""Which programme an activity is: linked before, named by whoever imports, or registered from what the file says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from indicators import events
from indicators.exchange.findings import Effect, Report
from indicators.exchange.iati import LEVELS, Activity, Result
from indicators.exchange.iati_values import day_of
from indicators.models import (
    DesignVersion,
    Framework,
    IatiActivity,
    Objective,
    Partner,
    Programme,
    ReportingUnit,
    User,
)
from indicators.programmes.actions import (
    put_design_in_force,
    register_programme,
    save_objective,
    save_unit,
)
from indicators.programmes.designing import current_design

CODE_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What whoever imports says of one activity: its programme's code, its countries. Either may be open."""

    code: str = ""
    countries: tuple[str, ...] = ()


def read_choices(lines: list[str]) -> dict[str, Choice]:
    """``IDENTIFIER=CODE/COUNTRY,COUNTRY`` each; ValidationError says which line is not of that form."""
    found: dict[str, Choice] = {}
    for line in (one.strip() for one in lines):
        if not line:
            continue
        identifier, equals, told = line.rpartition("=")
        code, _slash, countries = told.partition("/")
        named = tuple(one.strip().upper() for one in countries.split(",") if one.strip())
        if not (identifier.strip() and equals and (code.strip() or named)):
            raise ValidationError(
                _("“%s” was given; expected identifier=CODE/COUNTRY, such as XM-DAC-1-A=UNHCR-DZA/DZA.")
                % line[:80]
            )
        found[identifier.strip()] = Choice(code=code.strip().upper(), countries=named)
    return found


def programme_of(
    activity: Activity, choices: Mapping[str, Choice], report: Report, *, by: User, at: datetime
) -> Programme | None:
    """The activity's programme, linked with it from now on; None and a finding when there can be none."""
    linked = IatiActivity.objects.filter(identifier=activity.identifier).select_related("programme").first()
    choice = choices.get(activity.identifier, Choice())
    if linked is not None and choice.code in {"", linked.programme.code}:
        return linked.programme
    if linked is not None:
        _refuse(
            activity, report, choice.code, _("it is linked with programme %s already") % linked.programme.code
        )
        return None
    code = choice.code or _own_code(activity) or _new_code(activity)
    programme = Programme.objects.filter(code=code).first() if code else None
    if programme is None:
        programme = _register(activity, code, choice, report, by=by, at=at)
    if programme is not None:
        _link(activity, programme, by=by, at=at)
    return programme


def _link(activity: Activity, programme: Programme, *, by: User, at: datetime) -> None:
    link = IatiActivity.objects.create(
        identifier=activity.identifier,
        organisation=activity.organisation[:120],
        programme=programme,
        linked_by=by,
        linked_at=at,
    )
    events.remember("linked an IATI activity", by=by, at=at, about=link, programme=programme)


def _refuse(activity: Activity, report: Report, found: str, expected: str) -> None:
    count = activity.indicators
    report.say(
        Effect.REFUSED,
        activity.line,
        "iati-activity",
        found or "–",
        _("%(expected)s (%(count)s indicators)") % {"expected": expected, "count": count},
    )


def _own_code(activity: Activity) -> str:
    """The code in an identifier that this installation gave."""
    ref = settings.IATI_ORGANISATION["ref"]
    own = ref and activity.organisation == ref and activity.identifier.startswith(f"{ref}-")
    return activity.identifier.removeprefix(f"{ref}-") if own else ""


def _new_code(activity: Activity) -> str:
    """The identifier's own part in the form of a code, or nothing when it is too long or taken."""
    part = activity.identifier.removeprefix(f"{activity.organisation}-").upper()
    code = re.sub(r"[^A-Z0-9]+", "-", part).strip("-")
    code = code if re.match(r"[A-Z]", code) else f"A{code}"
    taken = Programme.objects.filter(code=code).exists()
    return "" if taken or not 2 <= len(code) <= CODE_LENGTH else code


def _register(
    activity: Activity, code: str, choice: Choice, report: Report, *, by: User, at: datetime
) -> Programme | None:
    partners = _partners(activity, choice, report)
    starts_on, ends_on = _dates(activity, report)
    missing = [
        said
        for is_missing, said in (
            (not code, _("a code for the programme, of at most 20 characters")),
            (not partners, _("a country that is a partner here")),
            (starts_on is None, _("a first day (activity-date of type 1 or 2)")),
            (ends_on is None, _("a last day (activity-date of type 3 or 4, or a period)")),
        )
        if is_missing
    ]
    if missing or starts_on is None or ends_on is None:
        expected = _("to register it, the file or whoever imports must give: %s") % "; ".join(missing)
        _refuse(activity, report, activity.identifier, expected)
        return None
    try:
        with transaction.atomic():
            programme = register_programme(
                code=code,
                name=activity.title[:200],
                summary=activity.description or activity.title,
                framework=_framework(activity),
                partners=partners,
                starts_on=starts_on,
                ends_on=ends_on,
                fiscal_year_start_month=_first_month(activity),
                by=by,
                at=at,
            )
            _keep_places(activity, programme, partners, by=by, at=at)
    except ValidationError as refusal:
        _refuse(activity, report, activity.identifier, " ".join(refusal.messages))
        return None
    return programme


def _framework(activity: Activity) -> str:
    """The one that the file names, if it is ours; a stranger's programme belongs to none."""
    is_ours = activity.organisation == settings.IATI_ORGANISATION["ref"] != ""
    return activity.framework if is_ours and activity.framework in Framework.values else Framework.OTHER.value


def _partners(activity: Activity, choice: Choice, report: Report) -> list[Partner]:
    named = choice.countries or activity.countries
    known = {one.alpha2: one for one in Partner.objects.all()} | {
        one.code: one for one in Partner.objects.all()
    }
    for country in named:
        if country not in known:
            report.say(
                Effect.NOTED,
                activity.line,
                "recipient-country",
                country,
                _("no partner with this country code is registered here (NA is Namibia)")
                if country == "NA"
                else _("no partner with this country code is registered here"),
            )
    return list({known[one].pk: known[one] for one in named if one in known}.values())


def _dates(activity: Activity, report: Report) -> tuple[date | None, date | None]:
    given = {kind: day for kind, text in activity.dates.items() if (day := day_of(text)) is not None}
    starts_on = given.get("2") or given.get("1")
    ends_on = given.get("4") or given.get("3")
    if ends_on is None:
        last = _last_day(activity)
        if last is not None:
            report.say(
                Effect.NOTED,
                activity.line,
                "activity-date",
                _("no last day"),
                _("taken from the last period that is reported: %s") % last.isoformat(),
            )
        ends_on = last
    return starts_on, ends_on


def _last_day(activity: Activity) -> date | None:
    days = [
        day
        for result in activity.results
        for indicator in result.indicators
        for period in indicator.periods
        if (day := day_of(period.ends_on)) is not None
    ]
    return max(days, default=None)


def _first_month(activity: Activity) -> int:
    """The month in which all full years of the file begin; January if they do not agree."""
    months = set()
    for result in activity.results:
        for indicator in result.indicators:
            for period in indicator.periods:
                first, last = day_of(period.starts_on), day_of(period.ends_on)
                if (
                    first is not None
                    and last is not None
                    and 364 <= (last - first).days <= 365
                    and first.day == 1
                ):
                    months.add(first.month)
    return months.pop() if len(months) == 1 else 1


def _keep_places(
    activity: Activity, programme: Programme, partners: list[Partner], *, by: User, at: datetime
) -> None:
    """The file's locations as reporting units of a programme that is new."""
    by_country = {one.alpha2: one for one in partners}
    pointed = {ref for r in activity.results for i in r.indicators for f in i.figures for ref in f.locations}
    for place in activity.places:
        if place.ref not in pointed or len(place.ref) > 30:
            continue
        save_unit(
            programme=programme,
            code=place.ref,
            name=(place.name or place.ref)[:160],
            kind=ReportingUnit.Kind.SITE,
            partner=by_country.get(place.country),
            by=by,
            at=at,
        )


# --- Results and objectives --------------------------------------------------------------------------------------


def objectives_of(
    activity: Activity, programme: Programme, report: Report, *, by: User, at: datetime
) -> dict[int, Objective]:
    """The objective of each result, by the result's line. Drafts are added to; a design in force is not."""
    design = current_design(programme)
    if design is None:
        return {}
    known = list(design.objectives.all())
    is_ours = activity.organisation == settings.IATI_ORGANISATION["ref"] != ""
    found: dict[int, Objective] = {}
    for result in activity.results:
        level = LEVELS.get(result.type, "")
        if is_ours and not result.own:  # What stands without an objective here stands without one there.
            continue
        said = _same(known, result, level)
        if said is None and level in Objective.Level.values and design.state == DesignVersion.State.DRAFT:
            said = save_objective(
                design=design,
                code=_free_code({one.code for one in known}, result.own.get("code", "")),
                level=level,
                statement=result.title,
                position=len(known),
                by=by,
                at=at,
            )
            known.append(said)
        if said is None:
            report.at(result=result.title).say(
                Effect.NOTED,
                result.line,
                "result",
                _("type %s") % (result.type or "–"),
                _("no objective of the programme's design says this; its indicators stand without one"),
            )
        else:
            found[result.line] = said
    if design.state == DesignVersion.State.DRAFT and known and design.number == 1:
        put_design_in_force(design=design, by=by, at=at, in_force_from=programme.starts_on)
    return found


def _same(known: list[Objective], result: Result, level: str) -> Objective | None:
    code = result.own.get("code")
    return next(
        (
            one
            for one in known
            if one.code == code or (code is None and one.level == level and one.statement == result.title)
        ),
        None,
    )


def _free_code(taken: set[str], own: str) -> str:
    if own and len(own) <= 12 and own not in taken:
        return own
    return next(f"R{number}" for number in range(1, len(taken) + 2) if f"R{number}" not in taken)
