"""The whole demo as it is shown: one number has one text, on the page, in the workbook, in the file, at the API."""

from __future__ import annotations

import csv
import io
import os
import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import transaction
from django.test import Client, TestCase
from django.utils import timezone
from python_calamine import CalamineWorkbook

from indicators.documents.subjects import compose, subject_of
from indicators.management.demo.seeding import seed_demo
from indicators.models import Evaluation, Kind, Programme, ProgrammeIndicator, Rollup, User, Verdict
from indicators.reports import cells
from indicators.reports.assessment_page import visible_runs
from tests.demo import reading_documents as reading

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]


@pytest.fixture(scope="module", autouse=True)
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), transaction.atomic():
        with TestCase.captureOnCommitCallbacks(execute=True):
            seed_demo(today=timezone.localdate(), logins_file=tmp_path_factory.mktemp("demo") / "l.txt")
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def evaluator(demo):
    client = Client()
    client.force_login(User.objects.get(username="regional"))
    return client


def words(page: str) -> str:
    return plain(unescape(re.sub(r"<[^>]+>", " ", page)))


def plain(text: str) -> str:
    """Spaces as one, so that breaking a line makes no difference."""
    return re.sub(r"\s+", " ", text).strip()


def sheet_of(client, table, key):
    answer = client.get(f"/export/{table}/{key}.xlsx")
    assert answer.status_code == 200, (table, key)
    return (
        CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
        .get_sheet_by_name("Explanation")
        .to_python()
    )


def by_part(rows, part):
    """Rows of an explanation sheet or file below their header: what, rule, with the numbers, result."""
    (at,) = (i for i, row in enumerate(rows) if "Part" in row)
    columns = {name: place for place, name in enumerate(rows[at])}
    names = ("What", "Rule", "With the numbers", "Result")
    return [
        [plain(str(row[columns[name]])) for name in names]
        for row in rows[at + 1 :]
        if row[columns["Part"]] == part
    ]


def steps_of(api):
    return [
        [plain(step[name]) for name in ("what", "rule", "substituted", "result")] for step in api["steps"]
    ]


def test_every_status_has_one_explanation_at_every_door(evaluator):
    seen = 0
    for indicator in ProgrammeIndicator.objects.filter(is_active=True).select_related("programme"):
        api = evaluator.get(f"/api/v1/indicators/{indicator.pk}/explanation/").json()
        page = words(evaluator.get(f"{indicator.get_absolute_url()}parts/explained/").content.decode())
        assert plain(api["sentence"]) in words(evaluator.get(indicator.get_absolute_url()).content.decode())
        sheet = sheet_of(evaluator, "indicator", indicator.pk)
        file = evaluator.get(f"/export/explain-indicator/{indicator.pk}.csv").content.decode("utf-8-sig")
        rows = [[cell.removeprefix("'") for cell in row] for row in csv.reader(io.StringIO(file, newline=""))]

        assert by_part(sheet, "Step") == steps_of(api) == by_part(rows, "Step"), indicator
        for what, rule, substituted, result in steps_of(api):
            for part in (what, rule, substituted, result):
                assert part in page, (indicator, part)
        for text in (*api["left_out"], api["coverage"], api["rounding"], api["sum_up"], api["sentence"]):
            assert plain(text) in page, (indicator, text)
        (told,) = by_part(sheet, "Result")
        assert told == [plain(api["sentence"]), "", "", plain(api["value"])]
        figures = [row[3] for row in by_part(sheet, "Figure")][: len(api["figures"])]
        assert figures == [plain(one["figure"]) for one in api["figures"]]
        seen += bool(api["steps"])
    assert seen > 50


def test_every_contributing_figure_names_its_editor_approver_and_days(evaluator):
    api = evaluator.get(
        f"/api/v1/indicators/{ProgrammeIndicator.objects.filter(definition__code='NMI-07').first().pk}/explanation/"
    ).json()

    assert api["figures"]
    for one in api["figures"]:
        assert one["entered_by"] and one["decided_by"] and one["entered_by"] != one["decided_by"]  # noqa: PT018
        assert one["entered_on"] <= one["decided_on"]


def test_the_newest_period_of_every_indicator_is_explained_by_the_stored_value(evaluator):
    newest = Rollup.objects.order_by("indicator_id", "-period__ends_on").distinct("indicator_id")
    seen = 0
    for rollup in newest.select_related("indicator__version"):
        path = f"/api/v1/indicators/{rollup.indicator_id}/periods/{rollup.period_id}/explanation/"
        api = evaluator.get(path).json()
        page = words(
            evaluator.get(f"/explain/period/{rollup.indicator_id}-{rollup.period_id}/").content.decode()
        )

        if rollup.value is not None:
            assert plain(api["value"]) == plain(
                cells.amount(rollup.value, rollup.indicator.version.rule()).text
            )
        assert plain(api["sentence"]) in page or plain(api["value"]) in page
        for step in steps_of(api):
            assert all(part in page for part in step), (path, step)
        seen += bool(api["steps"])
    assert seen > 40


def test_every_verdict_of_the_newest_runs_is_explained(evaluator):
    for kind in Kind.values:
        run = Verdict.objects.filter(run__kind=kind).order_by("-run__as_of").first()
        if run is None:
            continue
        sheet = by_part(sheet_of(evaluator, "assessment", run.run_id), "Step")
        told = []
        for verdict in Verdict.objects.filter(run=run.run_id):
            api = evaluator.get(f"/api/v1/verdicts/{verdict.pk}/explanation/").json()
            page = words(evaluator.get(f"/explain/verdict/{verdict.pk}/").content.decode())
            assert plain(api["value"]) in page
            told += steps_of(api)
        assert sorted(sheet) == sorted(told)


def test_scores_are_explained_or_refused(evaluator):
    for code in ("NMI", "MD", "ICI-RC"):
        api = evaluator.get(f"/api/v1/explanations/score/{code}/").json()
        page = words(evaluator.get(f"/explain/score/{code}/").content.decode())
        programme = words(evaluator.get(f"/programmes/{code}/").content.decode())
        assert plain(api["value"]) in page
        assert plain(api["value"]) in programme
        assert api["steps"]


def test_a_partner_reads_totals_alone_and_no_names(demo):
    client = Client()
    client.force_login(User.objects.get(username="viewer.irq"))
    found = client.get("/api/v1/indicators/").json()["results"]
    assert found
    for row in found:
        api = client.get(f"/api/v1/indicators/{row['id']}/explanation/").json()
        assert all(one["cell"] == "" and one["entered_by"] == "" for one in api["figures"])


def test_text_and_colour_come_from_the_same_number(evaluator):
    """An index that is shown on one side of its border has the status of that side, in every kind of place."""
    seen = 0
    for row in _all(evaluator, "/api/v1/indicators/?is_active=true&page_size=200"):
        status, plan = row["status"], row["plan"]
        if not status or status["on_track_index"] is None or status["status"] not in COLOURS:
            continue
        page = evaluator.get(f"/programmes/{row['programme']}/indicators/{row['id']}/").content.decode()
        shown = re.search(r"On-track index</dt><dd>\s*(−?[\d.]+)", page)
        assert shown, row["id"]
        index = float(shown[1].replace("−", "-"))
        assert COLOURS[status["status"]] == _side(index, plan), (row["id"], index, status["status"])
        seen += 1
    assert seen > 20


COLOURS = {"on_track": 2, "at_risk": 1, "off_track": 0}


def _side(index, plan):
    return (index >= float(plan["at_risk_from"])) + (index >= float(plan["on_track_from"]))


def _all(client, path):
    while path:
        answer = client.get(path).json()
        yield from answer["results"]
        path = answer["next"]


def subjects(user):
    """What in the demo a document can be about, as this person sees it: all but the assessments, of which the newest
    of each kind and programme; all of them with STRESS=1.
    """
    runs = visible_runs(user)
    if os.environ.get("STRESS") != "1":
        runs = runs.order_by("programme_id", "kind", "-as_of", "-revision").distinct("programme_id", "kind")
    for code in Programme.objects.visible_to(user).order_by("code").values_list("code", flat=True):
        yield "programme", code
    for key in sorted(runs.values_list("pk", flat=True)):
        yield "assessment", str(key)
    for key in Evaluation.objects.visible_to(user).order_by("pk").values_list("pk", flat=True):
        yield "evaluation", str(key)
    yield "region", "all"


def test_every_document_says_the_same_as_workbook_and_in_word(demo):
    user, numbers, texts, kinds = User.objects.get(username="regional"), 0, 0, set()
    for kind, key in subjects(user):
        report = compose(user, subject_of(user, kind, key), language="en", at=timezone.now())

        numbers += reading.check_workbook(report)
        texts += reading.check_word(report)
        kinds.add(kind)
    assert kinds == {"programme", "assessment", "evaluation", "region"}
    assert numbers > 1000
    assert texts > 5000


def test_every_pdf_says_the_same_as_the_page(demo):
    user, cells, pages = User.objects.get(username="regional"), 0, 0
    for kind, key in subjects(user):
        cells += reading.check_pdf(
            compose(user, subject_of(user, kind, key), language="en", at=timezone.now())
        )
        pages += 1
    assert pages > 8
    assert cells > 3000


def test_a_programmes_document_holds_the_numbers_of_the_api(evaluator):
    user, seen = User.objects.get(username="regional"), 0
    for programme in Programme.objects.visible_to(user):
        subject = subject_of(user, "programme", programme.code)
        report = compose(user, subject, language="en", at=timezone.now())
        for one in _all(
            evaluator, f"/api/v1/indicators/?programme={programme.code}&is_active=true&page_size=200"
        ):
            found = reading.numbers_beside(report, one["definition"])
            status = one["status"] or {}
            for name in ("value", "achievement"):
                if status.get(name) is not None:
                    assert Decimal(status[name]) in found, (one["definition"], name)
                    seen += 1
    assert seen > 80


def test_an_assessments_document_holds_the_numbers_of_the_api(evaluator):
    user, seen = User.objects.get(username="regional"), 0
    for key in visible_runs(user).values_list("pk", flat=True):
        report = compose(user, subject_of(user, "assessment", str(key)), language="en", at=timezone.now())
        for one in _all(evaluator, f"/api/v1/verdicts/?run={key}&page_size=200"):
            if one["value"] is not None and not one["refusal_code"]:
                names = (one["definition"], one["course_run"] or one["definition"])
                found = reading.numbers_of_facts(report).union(
                    *(reading.numbers_beside(report, name) for name in names)
                )
                assert Decimal(one["value"]) in found, (key, one["definition"])
                seen += 1
    assert seen > 20
