"""Words found in programmes, indicators, evaluations, findings, recommendations, lessons and the library (PostgreSQL
full text). Each kind starts from what the person may see.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchHeadline, SearchQuery, SearchRank, SearchVector
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy

from indicators.models import (
    Evaluation,
    Finding,
    IndicatorDefinition,
    Lesson,
    Programme,
    ProgrammeIndicator,
    Recommendation,
    User,
)

PER_KIND = 10
LONGEST = 200
CONFIG = "english"
"""Endings of English words are cut; words of other languages and codes are found as they stand."""
_FROM, _TO = "\x02", "\x03"
"""Around what was found: signs that no text holds, so that everything else can be escaped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One thing that was found: where it is, whose it is, and the words around what was found."""

    title: str
    about: str
    url: str
    snippet: SafeString


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is searched: in which fields (the weightiest first), and how a row is named."""

    label: Any
    rows: Callable[[User], QuerySet[Any]]
    fields: tuple[tuple[str, str], ...]
    hit: Callable[[Any], tuple[str, str, str]]
    """A row's title, what it is about, and its address."""
    around: str = ""
    """The field whose words around what was found are shown; empty: the title says all."""


KINDS = (
    Kind(
        label=gettext_lazy("Programmes"),
        rows=lambda user: Programme.objects.visible_to(user),
        fields=(("code", "A"), ("name", "A"), ("summary", "B")),
        hit=lambda row: (row.name, row.code, row.get_absolute_url()),
        around="summary",
    ),
    Kind(
        label=gettext_lazy("Indicators"),
        rows=lambda user: ProgrammeIndicator.objects.visible_to(user).select_related(
            "programme", "definition", "version", "partner"
        ),
        fields=(
            ("definition__code", "A"),
            ("local_name", "A"),
            ("version__name", "A"),
            ("version__definition", "B"),
        ),
        around="version__definition",
        hit=lambda row: (
            f"{row.definition.code} {row.name}",
            " · ".join(filter(None, [row.programme.code, str(row.partner or "")])),
            row.get_absolute_url(),
        ),
    ),
    Kind(
        label=gettext_lazy("Evaluations"),
        rows=lambda user: Evaluation.objects.visible_to(user).select_related("programme"),
        fields=(("title", "A"), ("question", "A"), ("summary", "B")),
        hit=lambda row: (row.title, row.programme.code, row.get_absolute_url()),
        around="question",
    ),
    Kind(
        label=gettext_lazy("Findings"),
        rows=lambda user: Finding.objects.visible_to(user).select_related("evaluation__programme"),
        fields=(("statement", "A"),),
        hit=lambda row: (row.statement, _of_report(row.evaluation), row.evaluation.get_absolute_url()),
    ),
    Kind(
        label=gettext_lazy("Recommendations"),
        rows=lambda user: Recommendation.objects.visible_to(user).select_related("evaluation__programme"),
        fields=(("statement", "A"), ("addressee", "C")),
        hit=lambda row: (row.statement, _of_report(row.evaluation), row.evaluation.get_absolute_url()),
    ),
    Kind(
        label=gettext_lazy("Lessons"),
        rows=lambda user: Lesson.objects.visible_to(user).select_related("evaluation__programme"),
        fields=(("statement", "A"),),
        hit=lambda row: (row.statement, row.evaluation.programme.code, reverse("lesson-list")),
    ),
    Kind(
        label=gettext_lazy("Indicator library"),
        rows=lambda user: (
            IndicatorDefinition.objects.visible_to(user)
            .filter(current__isnull=False)
            .select_related("current")
        ),
        fields=(
            ("code", "A"),
            ("current__name", "A"),
            ("current__definition", "B"),
            ("current__limitation", "C"),
        ),
        hit=lambda row: (f"{row.code} {row.current.name}", row.family, row.get_absolute_url()),
        around="current__definition",
    ),
)


def _of_report(evaluation: Evaluation) -> str:
    return f"{evaluation.programme.code} · {evaluation.title}"


def search(user: User, words: str) -> list[dict[str, Any]]:
    """The best ten of each kind that holds all the words. One query for each kind, none for no word.

    Args:
        words: as people type them; quotes, ``or`` and ``-`` as in web searches.
    """
    words = " ".join(words.split())[:LONGEST]
    if not words:
        return []
    query = SearchQuery(words, config=CONFIG, search_type="websearch")
    return [found for kind in KINDS if (found := _found(kind, user, query))["hits"]]


def _found(kind: Kind, user: User, query: SearchQuery) -> dict[str, Any]:
    vector = sum(
        (SearchVector(name, weight=weight, config=CONFIG) for name, weight in kind.fields[1:]),
        start=SearchVector(kind.fields[0][0], weight=kind.fields[0][1], config=CONFIG),
    )
    rows = kind.rows(user).annotate(found=vector, rank=SearchRank(F("found"), query)).filter(found=query)
    if kind.around:
        rows = rows.annotate(
            around=SearchHeadline(
                kind.around, query, config=CONFIG, start_sel=_FROM, stop_sel=_TO, max_words=30, min_words=12
            )
        )
    hits = [_hit(kind, row) for row in rows.order_by("-rank", "pk")[: PER_KIND + 1]]
    return {"label": kind.label, "hits": hits[:PER_KIND], "has_more": len(hits) > PER_KIND}


def _hit(kind: Kind, row: Any) -> Hit:
    title, about, url = kind.hit(row)
    return Hit(title=title, about=about, url=url, snippet=marked(row.around if kind.around else ""))


def marked(text: str) -> SafeString:
    """The words around, everything escaped but the marks of what was found."""
    plain = escape(text)
    return mark_safe(plain.replace(_FROM, "<mark>").replace(_TO, "</mark>"))
