"""The page against one size for all: what it names, to whom, and at what cost."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.models import AssessmentRun, DueAssessment, ProgrammeIndicator
from indicators.programmes.actions import change_indicator
from indicators.programmes.profiles import Said, describe_partner
from indicators.reports.sameness import load_pairs, load_untouched
from tests import factories as make
from tests.reports.test_pages import get, words

pytestmark = pytest.mark.django_db


def copied(code, version):
    programme = make.make_programme(code)
    make.make_indicator(programme, version=version)
    return programme


@pytest.fixture
def two():
    version = make.make_version("ABC-01")
    return copied("ONE", version), copied("TWO", version)


def test_a_copied_design_is_named_with_its_prompt(client, two):
    page = words(get(client, make.make_admin(), "/sameness/"))

    assert "2 designs are copies" in page
    assert "what is different there" in page
    assert "ONE beside TWO" in page
    assert "ABC-01" in page


def test_nobody_learns_of_a_programme_they_do_not_see(client, two):
    member = make.make_user(programme=two[0])

    assert load_pairs(member) == []
    assert "TWO" not in get(client, member, "/sameness/")


def test_the_number_of_queries_does_not_grow(two):
    admin = make.make_admin()
    with CaptureQueriesContext(connection) as few:
        load_pairs(admin), load_untouched(admin)
    version = make.make_version("ABC-02")
    for code in ("DD", "EE", "FF"):
        copied(code, version)
    with CaptureQueriesContext(connection) as many:
        load_pairs(admin), load_untouched(admin)

    assert len(many) == len(few) <= 8


class TestUntouched:
    @pytest.fixture
    def judged(self):
        """A programme with one indicator that was judged ex-post a month later."""
        programme = copied("ONE", make.make_version("ABC-01"))
        at = timezone.now() + timedelta(days=30)
        due = DueAssessment.objects.create(
            programme=programme, kind="ex_post", as_of=at.date(), label="End", due_at=at, state="done"
        )
        AssessmentRun.objects.create(
            programme=programme, due=due, kind="ex_post", as_of=due.as_of, label=due.label, revision=1,
            input_hash="0" * 64, method_version="1.0", software_version="0", started_at=at, finished_at=at,
        )  # fmt: skip
        return programme, at

    def test_a_programme_that_nobody_changed_since_is_named(self, client, judged):
        admin = make.make_admin()

        assert [one.programme for one in load_untouched(admin)] == [judged[0]]
        assert "Unchanged since the last ex-post assessment" in get(client, admin, "/sameness/")

    def test_a_new_indicator_is_a_change(self, judged):
        programme, at = judged
        indicator = make.make_indicator(programme)
        ProgrammeIndicator.objects.filter(pk=indicator.pk).update(created_at=at + timedelta(days=1))

        assert load_untouched(make.make_admin()) == []

    def test_an_indicator_taken_out_is_a_change(self, judged):
        programme, at = judged
        admin = make.make_admin()
        change_indicator(
            indicator=programme.indicators.get(),
            row_version=1,
            by=admin,
            at=at + timedelta(days=1),
            is_active=False,
        )

        assert load_untouched(admin) == []


def test_the_same_design_in_another_context_is_asked_about(client, two):
    admin = make.make_admin()
    jordan = make.make_partner("JOR", framework="MD")
    two[1].partners.set([jordan])
    for partner, text in ((make.make_partner("IRQ"), "Tense in the north."), (jordan, "Calm.")):
        describe_partner(
            partner=partner, number=0, reason="First.", by=admin, at=make.AT,
            entries={"security": Said(text=text, source="UN", source_on=date(2025, 1, 1), confidence="high")},
        )  # fmt: skip

    page = words(get(client, admin, "/sameness/"))

    assert [one.apart for one in load_pairs(admin)] == [("Security situation",)] * 2
    assert "2 of them stand in other contexts" in page
    assert load_pairs(make.make_user(global_role="partner_viewer", partner=jordan)) == []
