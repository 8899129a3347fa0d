"""An assessment freezes the indices in use with their seed and inputs, once, and `verify` recomputes them."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction

from indicators.assessment import running
from indicators.engine import METHOD_VERSION
from indicators.engine.codec import from_json
from indicators.engine.index import IndexInputs, IndexScores, judge_index
from indicators.models import AssessmentRun, IndexResult
from indicators.programmes.actions import retire_index, revise_index
from indicators.programmes.recipes import Part
from tests import factories as make
from tests.assessment.cast import correct, make_assessed, make_due, make_figures

pytestmark = pytest.mark.django_db(transaction=True)
HUNDRED = {"low": Decimal(0), "high": Decimal(100)}


@pytest.fixture
def composed():
    """A programme with two indicators at 50 and 60 percent at the end of 2025 Q3, and an index of both."""
    programme, first = make_assessed()
    second = make.make_indicator(programme)
    make_figures(second, 12, 15, 18, 22, 26, 28, 36)
    return programme, [first, second], make.make_index(programme, [first, second])


def assess(programme, **given):
    make_due(programme, **given)
    running.run_what_is_due()
    return AssessmentRun.objects.latest("pk")


def test_an_assessment_keeps_the_index_with_seed_inputs_and_hashes(composed):
    programme, _indicators, index = composed

    run = assess(programme)

    result = run.index_results.get()
    inputs, scores = from_json(IndexInputs, result.inputs), from_json(IndexScores, result.result)
    assert (result.version_id, result.name) == (index.current_id, "An index")
    assert [part.value for part in inputs.members[0].parts] == [50, 60]
    assert scores == judge_index(inputs)
    assert result.seed == scores.seed
    assert float(scores.scores[0].value) == pytest.approx((0.5 * 0.6) ** 0.5)
    assert run.method_version == METHOD_VERSION


def test_an_assessment_without_indices_keeps_none(composed):
    programme, _indicators, index = composed
    retire_index(index=index, reason="Not needed.", by=make.make_admin(), at=make.AT)

    assert not assess(programme).index_results.exists()


def test_the_same_day_again_adds_nothing_and_another_make_up_adds_a_revision(composed):
    programme, indicators, index = composed
    first = assess(programme)

    assert assess(programme, request=1) == first
    revise_index(
        index=index,
        number=1,
        name=index.name,
        purpose="One look.",
        across="programme",
        aggregation="arithmetic",
        parts=[Part(indicator=one, **HUNDRED) for one in indicators],
        reason="The board prefers it.",
        by=make.make_admin(),
        at=make.AT,
    )
    second = assess(programme, request=2)

    assert (second.as_of, second.revision) == (first.as_of, 2)
    assert IndexResult.objects.count() == 2
    assert first.index_results.get().version.number == 1
    assert second.index_results.get().version.number == 2


def test_a_later_correction_changes_the_page_and_not_what_was_frozen(composed):
    programme, indicators, _index = composed
    run = assess(programme)
    kept = run.index_results.get().result

    correct(indicators[0].observations.latest("pk"), numerator=6)

    assert run.index_results.get().result == kept
    assert assess(programme, request=1).index_results.get().result != kept


def test_ex_post_keeps_the_index_after_the_end_and_not_before(composed):
    programme, _indicators, _index = composed

    assert not assess(programme, kind="ex_post").index_results.exists()
    after = assess(programme, kind="ex_post", as_of=date(2027, 6, 30), label="+6")
    score = from_json(IndexScores, after.index_results.get().result).scores[0]
    assert score.refusal.code == "WEIGHT_COVERAGE_TOO_LOW"  # Nothing was reported since 2025.


def verify_says(*, fails):
    out = StringIO()
    if not fails:
        call_command("verify", stdout=out, no_color=True)
    else:
        with pytest.raises(SystemExit):
            call_command("verify", stdout=out, no_color=True)
    return out.getvalue()


def tamper(sql, table="indicators_indexresult"):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER kept_for_ever")
        cursor.execute(f"UPDATE {table} SET {sql}")
        cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER kept_for_ever")


def test_verify_recomputes_each_frozen_index(composed):
    assess(composed[0])

    assert "1 index results" in verify_says(fails=False)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("seed = 7", "its seed is 7"),
        ("result = jsonb_set(result, '{draws}', '999')", "not the one it was stored with"),
        ("result_hash = repeat('0', 64)", "its inputs give another result"),
        (
            "inputs = jsonb_set(inputs, '{members,0,parts,0,value}', '\"99\"')",
            "enters with 99, the verdict on it says 50",
        ),
        ("inputs = '{}'", "its inputs cannot be read"),
        ("input_hash = repeat('0', 64)", "do not rest on the inputs that the run was kept with"),
    ],
)
def test_verify_names_what_was_tampered_with(composed, sql, words):
    assess(composed[0])

    tamper(sql)

    assert words in verify_says(fails=True)


@pytest.mark.parametrize("sql", ["UPDATE {} SET seed = 1", "DELETE FROM {}"])
def test_a_frozen_index_is_never_changed(composed, sql):
    assess(composed[0])

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        connection.cursor().execute(sql.format("indicators_indexresult"))


def test_one_result_for_each_version_in_an_assessment(composed):
    result = assess(composed[0]).index_results.get()
    result.pk = None

    with pytest.raises(IntegrityError), transaction.atomic():
        result.save(force_insert=True)
