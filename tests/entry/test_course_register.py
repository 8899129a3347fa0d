"""A register is kept all or nothing, corrected by newer rows, read from files, and its figures are proposed."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from indicators.entry.actions import approve_observation
from indicators.entry.importing import read_table
from indicators.entry.register.actions import (
    Refused,
    keep_lines,
    past_their_time,
    remove_participant,
    remove_register,
    set_run_facts,
)
from indicators.entry.register.importing import import_register, look_into
from indicators.entry.register.proposing import proposals, propose_figures
from indicators.models import CourseRun, Enrolment, Event, FollowUp, Observation, Reaction, TestScore
from tests import factories as make
from tests.entry.register_scenes import AT, PERSON, fill, line, make_course, make_indicator

pytestmark = pytest.mark.django_db


def keep(scene, *lines, version=None, by=None):
    return keep_lines(run=scene.run, lines=lines, version=version, by=by or scene.officer, at=AT)


def problems_of(scene, *lines):
    with pytest.raises(Refused) as refusal:
        keep(scene, *lines)
    return [(one.row, one.column) for one in refusal.value.plan.problems]


def rows():
    return [model.objects.count() for model in (Enrolment, TestScore, Reaction, FollowUp, Event)]


# --- Keeping -----------------------------------------------------------------------------------------------------


def test_lines_are_kept_and_said_twice_change_nothing():
    scene = make_course()
    cells = PERSON | {"pre": "٤١٫٥", "maximum_pre": "50", "reaction": "4.5", "responded_m6": "no"}

    plan = keep(scene, line("P1", **cells))
    kept = rows()
    again = keep(scene, line("P1", **cells))

    score = TestScore.objects.get()
    assert (score.score, score.maximum, score.form, score.recorded_by) == (
        Decimal("41.5"),
        50,
        "",
        scene.officer,
    )
    assert plan.count("new") == 8  # completed among them; which version is not stated
    assert not again.changes
    assert again.same == 7
    assert rows() == kept
    assert FollowUp.objects.get().responded is False


def test_an_empty_cell_is_missing_and_not_zero():
    scene = make_course()
    keep(scene, line("P1", **PERSON, pre="", maximum_pre="50"))

    assert not TestScore.objects.exists()


def test_a_corrected_score_takes_the_place_of_the_old_one_which_stays():
    scene = make_course()
    keep(scene, line("P1", **PERSON, pre="20", maximum_pre="50"))
    keep(scene, line("P1", pre="21"), by=scene.colleague)

    old, new = TestScore.objects.order_by("pk")
    assert (old.score, old.superseded_at, old.recorded_by) == (20, AT, scene.officer)
    assert (new.score, new.superseded_at, new.recorded_by) == (21, None, scene.colleague)
    assert list(TestScore.objects.current()) == [new]
    event = Event.objects.filter(verb="changed a register").order_by("pk").last()
    assert event.after["changed"] == 1
    assert "P1" not in str(event.after), "the trail is kept for ever and names nobody"
    assert scene.run.register_version == 1
    assert CourseRun.objects.get(pk=scene.run.pk).register_version == 3


def test_a_score_can_be_emptied_and_leaves_its_row():
    scene = make_course()
    keep(scene, line("P1", **PERSON, pre="20", maximum_pre="50"))
    keep(scene, line("P1", pre="", clears=True))

    assert not TestScore.objects.current().exists()
    assert TestScore.objects.count() == 1


@pytest.mark.parametrize("change", [{"score": 1}, {"superseded_at": None}, {"recorded_by": None}])
def test_the_database_itself_keeps_scores(change):
    scene = make_course()
    keep(scene, line("P1", **PERSON, pre="20", maximum_pre="50"))
    keep(scene, line("P1", pre="21"))

    for score in TestScore.objects.all():
        with pytest.raises(DatabaseError, match="newer row"), transaction.atomic():
            TestScore.objects.filter(pk=score.pk).update(**change)
        with pytest.raises(DatabaseError, match="newer row"), transaction.atomic():
            score.delete()


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ({"pre": "41,5"}, "pre"),
        ({"pre": "51"}, "pre"),
        ({"pre": "-1"}, "pre"),
        ({"pre": "1e3"}, "pre"),
        ({"pre": "NaN"}, "pre"),
        ({"pre": "20.123"}, "pre"),
        ({"pre": "=1+1"}, "pre"),
        ({"pre": "\x00"}, "pre"),
        ({"pre": "9" * 5000}, "pre"),
        ({"maximum_pre": "0"}, "maximum_pre"),
        ({"post": "20"}, "post"),  # its maximum is not known
        ({"sex": "x"}, "sex"),
        ({"nation": "XXX"}, "nation"),
        ({"nation": ""}, "nation"),
        ({"age_band": "1990-01-01"}, "age_band"),
        ({"reaction": "0"}, "reaction"),
        ({"reaction": "5.1"}, "reaction"),
        ({"applied_m6": "maybe"}, "applied_m6"),
        ({"applied_m6": "yes"}, "responded_m6"),
        ({"applied_m6": "yes", "responded_m6": "no"}, "responded_m6"),
        ({"contacts_m6": "1.5", "responded_m6": "yes"}, "contacts_m6"),
        ({"sector": "a@b.example"}, "sector"),
        ({"completed": "perhaps"}, "completed"),
    ],
)
def test_a_bad_cell_is_named_and_nothing_is_kept(cells, column):
    scene = make_course()
    before = rows()
    good = line("P1", row=1, **PERSON, pre="20", maximum_pre="50")

    found = problems_of(scene, good, line("P2", row=2, **(PERSON | {"maximum_pre": "50"} | cells)))

    assert found == [(2, column)]
    assert rows() == before


@pytest.mark.parametrize(
    "name", ["Ahmed", "Jane Doe", "a@b.example", "12345678901", "", "=P1", "P1\x00", "ع1"]
)
def test_what_could_be_a_name_is_no_pseudonym_and_is_not_repeated(name):
    scene = make_course()

    with pytest.raises(Refused) as refusal:
        keep(scene, line(name, **PERSON))

    problem = refusal.value.plan.problems[0]
    assert problem.column == "pseudonym"
    assert not name or name not in str(problem)


def test_the_same_pseudonym_twice_is_refused():
    scene = make_course()

    assert problems_of(scene, line("P1", 1, **PERSON), line("P1", 2, **PERSON)) == [
        (1, "pseudonym"),
        (2, "pseudonym"),
    ]


def test_the_second_of_two_editors_is_told():
    scene = make_course()
    keep(scene, line("P1", **PERSON), version=1)

    with pytest.raises(ValidationError) as refusal:
        keep(scene, line("P2", **PERSON), version=1, by=scene.colleague)

    assert refusal.value.code == "stale"
    assert Enrolment.objects.count() == 1


@pytest.mark.parametrize("who", ["evaluator", "reader"])
def test_only_officers_and_approvers_enter(who):
    scene = make_course()
    for deed in (
        lambda by: keep(scene, line("P1", **PERSON), by=by),
        lambda by: propose_figures(run=scene.run, version=1, by=by, at=AT),
        lambda by: set_run_facts(
            run=scene.run,
            version=1,
            by=by,
            at=AT,
            pass_mark=None,
            cost=None,
            hours_total=None,
            hours_regional=None,
        ),
    ):
        with pytest.raises(PermissionDenied):
            deed(getattr(scene, who))


@pytest.mark.parametrize("count", [3, 30])
def test_a_sheet_costs_the_same_whatever_its_length(count, django_assert_num_queries):
    scene = make_course()

    # membership, savepoint, lock, 4 of the register, nations, enrolments, 3 kinds of records, version, event, release;
    with django_assert_num_queries(15):
        fill(scene, count)


def test_a_participant_goes_only_while_nothing_is_recorded():
    scene = make_course()
    keep(scene, line("P1", **PERSON), line("P2", 2, **PERSON, pre="1", maximum_pre="50"))

    remove_participant(run=scene.run, pseudonym="P1", version=2, by=scene.officer, at=AT)
    with pytest.raises(ValidationError):
        remove_participant(run=scene.run, pseudonym="P2", version=3, by=scene.officer, at=AT)

    assert list(Enrolment.objects.values_list("pseudonym", flat=True)) == ["P2"]


# --- Files -------------------------------------------------------------------------------------------------------


def table(tmp_path, text, name="register.csv"):
    path = tmp_path / name
    path.write_text(text)
    return read_table(path)


WIDE = """Participant;Country;Gender;Age;pre;post;maximum;form;responded_m6;applied_m6
P1;KWT;f;<30;20;30;50;A;yes;no
P2;QAT;m;40+;22;;50;A;;
"""
LONG = """pseudonym,occasion,score,maximum,nation,sex,age_band,responded,applied
P1,pre,20,50,KWT,f,<30,,
P1,post,30,50,,,,,
P1,+6,28,50,,,,yes,no
P2,before,22,50,QAT,m,40+,,
"""


@pytest.mark.parametrize(("text", "scores"), [(WIDE, 3), (LONG, 4)])
def test_a_file_is_looked_into_then_kept_and_the_same_file_changes_nothing(tmp_path, text, scores):
    scene = make_course()
    file = table(tmp_path, text)

    looked, _lines = look_into(run=scene.run, table=file)
    assert not Enrolment.objects.exists()
    kept = import_register(run=scene.run, table=file, by=scene.officer, at=AT)
    after = rows()
    again = import_register(run=scene.run, table=file, by=scene.officer, at=AT)

    assert len(looked.changes) == len(kept.changes) > 10
    assert TestScore.objects.count() == scores
    assert FollowUp.objects.get().applied_on_the_job is False
    assert not again.changes
    assert rows() == after


@pytest.mark.parametrize(
    "column",
    ["name", "First name", "Nom", "E-mail", "date of birth", "birth_year", "phone", "الاسم", "Passport"],
)
def test_columns_that_identify_persons_are_refused(tmp_path, column):
    scene = make_course()

    with pytest.raises(ValidationError, match="identifies persons"):
        look_into(run=scene.run, table=table(tmp_path, f"pseudonym,{column}\nP1,somebody\n"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pseudonym,shoe size\nP1,41\n", "shoe_size is not known"),
        ("nation,sex\nKWT,f\n", "pseudonym is missing"),
        ("pseudonym,id\nP1,P1\n", "mean the same"),
        ("pseudonym,pre,before\nP1,1,2\n", "mean the same"),
        ("rownames,extra,group,ID\n1,0.7,1,1\n", "rownames, extra, group is not known"),
    ],
)
def test_columns_that_are_not_understood_are_named(tmp_path, text, message):
    with pytest.raises(ValidationError, match=message):
        look_into(run=make_course().run, table=table(tmp_path, text))


def test_rows_of_a_long_file_that_contradict_each_other_are_named(tmp_path):
    scene = make_course()
    text = LONG + "P1,pre,21,50,,,,,\nP2,never,1,50,,,,,\nP2,post,20,50,,,,yes,\n"
    plan, _lines = look_into(run=scene.run, table=table(tmp_path, text))

    assert [(one.row, one.column) for one in plan.problems] == [(6, "pre"), (7, "occasion"), (8, "responded")]
    with pytest.raises(Refused):
        import_register(run=scene.run, table=table(tmp_path, text), by=scene.officer, at=AT)
    assert not Enrolment.objects.exists()


def test_a_workbook_is_read_as_a_person_sees_it(tmp_path):
    import xlsxwriter

    scene, path = make_course(), tmp_path / "register.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        cells = [["pseudonym", "nation", "sex", "age_band", "pre", "maximum", "completed"]]
        cells += [["P1", "KWT", "f", "<30", 41.5, 50, True], [2, "QAT", "m", "40+", 0, 50, False]]
        for row, values in enumerate(cells):
            sheet.write_row(row, 0, values)

    import_register(run=scene.run, table=read_table(path), by=scene.officer, at=AT)

    assert sorted(TestScore.objects.values_list("enrolment__pseudonym", "score")) == [
        ("2", 0),
        ("P1", Decimal("41.5")),
    ]
    assert Enrolment.objects.get(pseudonym="2").completed is False


def test_the_command_looks_keeps_and_refuses(tmp_path):
    scene, out, err = make_course(), StringIO(), StringIO()
    path = tmp_path / "r.csv"
    path.write_text(WIDE)
    asked = {"run": scene.run.code, "by": scene.officer.username, "stdout": out, "stderr": err}

    call_command("import_course_register", path, dry_run=True, **asked)
    assert not Enrolment.objects.exists()
    call_command("import_course_register", path, **asked)
    call_command("import_course_register", path, **asked)
    assert "0 new, 0 changed" in out.getvalue().splitlines()[-1]

    path.write_text(WIDE.replace("20;30", "20,5;30"))
    with pytest.raises(CommandError, match="1 rows are wrong"):
        call_command("import_course_register", path, **asked)
    assert "row 2, pre ('20,5')" in err.getvalue()
    with pytest.raises(CommandError, match="no course run"):
        call_command("import_course_register", path, **(asked | {"run": "X"}))


# --- Figures -----------------------------------------------------------------------------------------------------


def version_of(scene):
    return CourseRun.objects.get(pk=scene.run.pk).register_version


def propose(scene, by=None):
    return propose_figures(run=scene.run, version=version_of(scene), by=by or scene.officer, at=AT)


def test_figures_are_submitted_once_and_approved_by_somebody_without_a_hand_in_them():
    scene = make_course()
    indicator = make_indicator(scene)
    fill(scene, by=scene.approver)

    done = propose(scene)
    again = propose(scene)

    figure = Observation.objects.get()
    assert [one.kind for one in done] == ["new"]
    assert again == []
    assert (figure.indicator, figure.numerator, figure.denominator, figure.source) == (
        indicator,
        9,
        12,
        "course",
    )
    assert figure.as_of == date(2025, 9, 7)
    assert scene.run.code in figure.comment
    with pytest.raises(PermissionDenied):  # The approver entered the register.
        approve_observation(observation=figure, by=scene.approver, at=AT)
    other = make.make_user("other", programme=scene.programme, role="approver")
    approve_observation(observation=figure, by=other, at=AT)
    assert Observation.objects.current().count() == 1


def test_a_changed_register_gives_a_correction_of_what_was_approved():
    scene = make_course()
    make_indicator(scene)
    fill(scene)
    propose(scene)
    approve_observation(observation=Observation.objects.get(), by=scene.approver, at=AT)

    keep(scene, line("P01", applied_m6="no"))
    done = propose(scene)

    assert [one.kind for one in done] == ["corrected"]
    new = Observation.objects.order_by("pk").last()
    assert (new.numerator, new.corrects.numerator, new.state) == (8, 9, "submitted")
    keep(scene, line("P02", applied_m6="no"))
    assert propose(scene) == [], "a figure that waits for a decision is not overtaken"


def test_what_the_data_do_not_allow_is_not_handed_in():
    scene = make_course()
    make_indicator(scene)
    fill(scene, 9)

    assert propose(scene) == []
    assert proposals(scene.run, as_of=AT.date())[0].figure.refusal.code == "DENOMINATOR_TOO_SMALL"
    assert not Observation.objects.exists()


def test_figures_of_an_older_look_are_refused():
    scene = make_course()
    make_indicator(scene)
    fill(scene)

    with pytest.raises(ValidationError) as refusal:
        propose_figures(run=scene.run, version=1, by=scene.officer, at=AT)

    assert refusal.value.code == "stale"
    assert not Observation.objects.exists()


# --- Their time --------------------------------------------------------------------------------------------------

OLD = datetime(2027, 3, 8, 9, 0, tzinfo=UTC)


def test_a_register_goes_after_its_time_and_what_follows_from_it_stays():
    scene = make_course()
    make_indicator(scene)
    fill(scene)
    keep(scene, line("P01", pre="17"))
    propose(scene)
    admin = make.make_admin()

    with pytest.raises(ValidationError):
        remove_register(run=scene.run, by=admin, at=datetime(2027, 3, 7, 9, 0, tzinfo=UTC))
    assert past_their_time(today=date(2027, 3, 7)) == []
    assert past_their_time(today=OLD.date()) == [scene.run]
    assert remove_register(run=scene.run, by=admin, at=OLD) == 12
    assert remove_register(run=scene.run, by=admin, at=OLD) == 0

    assert [model.objects.count() for model in (Enrolment, TestScore, Reaction, FollowUp)] == [0, 0, 0, 0]
    assert Observation.objects.count() == 1
    event = Event.objects.get(verb="removed a register")
    assert (event.after["participants"], event.after["testscore"]) == (12, 25)
    scene.run.refresh_from_db()
    with pytest.raises(ValidationError, match="removed"):
        keep(scene, line("P1", **PERSON))
    assert proposals(scene.run, as_of=OLD.date())[0].figure.refusal.code == "NOT_RECORDED"


def test_only_an_administrator_removes_registers():
    scene = make_course()
    fill(scene)

    with pytest.raises(PermissionDenied):
        remove_register(run=scene.run, by=scene.officer, at=OLD)


def test_the_command_lists_and_removes(monkeypatch):
    scene, out = make_course(ends_on=date(2020, 3, 6).replace(year=2025)), StringIO()
    CourseRun.objects.filter(pk=scene.run.pk).update(starts_on=date(2019, 3, 3), ends_on=date(2019, 3, 6))
    fill(scene)

    call_command("remove_old_registers", stdout=out)
    assert "kept until 2021-03-06" in out.getvalue()
    assert Enrolment.objects.count() == 12
    call_command("remove_old_registers", remove=True, stdout=out)
    call_command("remove_old_registers", remove=True, stdout=out)

    assert Enrolment.objects.count() == 0
    assert "No register is past its time." in out.getvalue()
