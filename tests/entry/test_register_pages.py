"""The pages of a register: without JavaScript, all or nothing, two editors, files, and what is handed in."""

import json
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from indicators.models import CourseRun, Enrolment, Observation, TestScore
from tests import factories as make
from tests.entry.register_scenes import PERSON, fill, line, make_course, make_indicator
from tests.entry.test_course_register import WIDE, keep
from tests.hostile import forms_of

pytestmark = pytest.mark.django_db


def path_of(scene, name="register-edit", sheet=""):
    path = reverse(name, args=[scene.programme.code, scene.run.pk])
    return f"{path}?sheet={sheet}" if sheet else path


def sheet_of(client, scene, sheet):
    """The form as a browser holds it."""
    page = client.get(path_of(scene, sheet=sheet)).content.decode()
    form = next(one for one in forms_of(page) if "base" in one.values)
    return {name: values[0] for name, values in form.values.items()}


def cell(pseudonym, column):
    return f"c{Enrolment.objects.get(pseudonym=pseudonym).pk}.{column}"


def test_people_and_scores_are_entered_without_a_script(client):
    scene = make_course()
    client.force_login(scene.officer)

    people = sheet_of(client, scene, "people")
    people |= {"n1.pseudonym": "P1", "n1.nation": "kwt", "n1.sex": "f", "n1.age_band": "30-35"}
    answer = client.post(path_of(scene, sheet="people"), people, follow=True)
    assert "Saved: 4 cells" in answer.content.decode()
    scores = sheet_of(client, scene, "scores") | {"maximum_pre": "50", "form_pre": "A"}
    client.post(path_of(scene, sheet="scores"), scores | {cell("P1", "pre"): "21.5"})

    score = TestScore.objects.get()
    assert (score.enrolment.nation.code, score.score, score.maximum, score.form) == ("KWT", 21.5, 50, "A")


def test_a_new_maximum_holds_for_every_score_of_the_test(client):
    scene = make_course()
    fill(scene, 3)
    client.force_login(scene.officer)

    client.post(path_of(scene, sheet="scores"), sheet_of(client, scene, "scores") | {"maximum_pre": "60"})

    assert set(TestScore.objects.current().filter(occasion="pre").values_list("maximum", flat=True)) == {60}
    assert set(TestScore.objects.current().filter(occasion="post").values_list("maximum", flat=True)) == {50}


def test_errors_name_row_and_column_and_what_was_typed_stays(client):
    scene = make_course()
    fill(scene, 3)
    client.force_login(scene.officer)
    typed = sheet_of(client, scene, "scores") | {cell("P01", "pre"): "41,5", cell("P02", "pre"): "17"}

    answer = client.post(path_of(scene, sheet="scores"), typed)
    page = answer.content.decode()

    assert answer.status_code == 422
    assert "Row 2, Before" in page
    assert "41,5" in page
    assert sheet_values(page)[cell("P02", "pre")] == "17"
    assert not TestScore.objects.filter(superseded_at__isnull=False).exists()


def sheet_values(page):
    form = next(one for one in forms_of(page) if "base" in one.values)
    return {name: values[0] for name, values in form.values.items()}


def test_the_second_editor_is_told_loses_nothing_and_undoes_nothing(client):
    scene = make_course()
    fill(scene, 3)
    client.force_login(scene.officer)
    typed = sheet_of(client, scene, "scores") | {cell("P00", "pre"): "11", cell("P01", "pre"): "12"}
    keep(scene, line("P01", pre="33"), line("P02", pre="44"), by=scene.colleague)

    answer = client.post(path_of(scene, sheet="scores"), typed)
    page = answer.content.decode()
    again = sheet_values(page)

    assert answer.status_code == 409
    assert "Somebody changed this register" in page
    assert "Stored meanwhile: 33" in page
    assert [again[cell(f"P0{i}", "pre")] for i in range(3)] == ["11", "12", "44"]
    assert client.post(path_of(scene, sheet="scores"), again).status_code == 302
    kept = TestScore.objects.current().filter(occasion="pre").order_by("enrolment__pseudonym")
    assert [int(one.score) for one in kept] == [11, 12, 44]


@pytest.mark.parametrize("base", ["", "[]", "null", '{"a": 1}', "[" * 10_000, "\x00"])
def test_a_broken_memory_of_the_sheet_changes_nothing_by_itself(client, base):
    scene = make_course()
    fill(scene, 3)
    client.force_login(scene.officer)
    before = TestScore.objects.count()

    answer = client.post(path_of(scene, sheet="scores"), sheet_of(client, scene, "scores") | {"base": base})

    assert answer.status_code == 302
    assert TestScore.objects.count() == before


def test_evaluators_read_and_do_not_write(client):
    scene = make_course()
    fill(scene, 3)
    client.force_login(scene.evaluator)

    typed = sheet_of(client, scene, "scores")
    page = client.get(path_of(scene, sheet="scores")).content.decode()

    assert "readonly" in page
    assert "Save the sheet" not in page
    assert client.post(path_of(scene, sheet="scores"), typed).status_code == 403
    client.force_login(scene.reader)
    assert client.get(path_of(scene)).status_code == 403


@pytest.mark.parametrize("count", [3, 12])
@pytest.mark.parametrize("sheet", ["people", "scores", "m6"])
def test_a_sheet_asks_the_same_number_of_questions(client, django_assert_num_queries, count, sheet):
    scene = make_course()
    fill(scene, count)
    client.force_login(scene.officer)

    # session, user, run, roles (see, enter, menu), 4 of the register, nations; 3 that keep the session
    with django_assert_num_queries(14):
        assert client.get(path_of(scene, sheet=sheet)).status_code == 200


def test_a_file_is_looked_into_and_then_kept(client):
    scene = make_course()
    client.force_login(scene.officer)
    path = path_of(scene, "register-import")
    file = SimpleUploadedFile("../../register of march.csv", WIDE.encode())

    looked = client.post(path, {"file": file})
    token = next(one for one in forms_of(looked.content.decode()) if "token" in one.values).values["token"][0]
    assert looked.status_code == 200
    assert not Enrolment.objects.exists()
    assert client.post(path, {"token": token}).status_code == 302
    assert Enrolment.objects.count() == 2
    again = client.post(path, {"token": token})
    assert again.status_code == 409, "the register is another one now"
    assert client.post(path, {"token": token + "x"}).status_code == 409
    assert TestScore.objects.count() == 3


def test_a_token_of_another_run_is_refused(client):
    scene, other = make_course("ONE"), make_course("TWO")
    client.force_login(scene.officer)
    looked = client.post(
        path_of(scene, "register-import"), {"file": SimpleUploadedFile("r.csv", WIDE.encode())}
    )
    token = next(one for one in forms_of(looked.content.decode()) if "token" in one.values).values["token"][0]
    client.force_login(other.officer)

    assert client.post(path_of(other, "register-import"), {"token": token}).status_code == 409
    assert not Enrolment.objects.exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"pseudonym,email\nP1,a@b.example\n", "identifies persons"),
        (b"pseudonym,pre\nP1,\xff\n", "UTF-8"),
        (b"\x00\x01\x02", "neither a spreadsheet"),
        (b"", "empty"),
        (WIDE.replace("P1", "Jane Doe").encode(), "may identify a person"),
        (WIDE.replace("20;30", "20;=HYPERLINK(1)").encode(), "a number such as"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason(client, content, said):
    scene = make_course()
    client.force_login(scene.officer)

    answer = client.post(path_of(scene, "register-import"), {"file": SimpleUploadedFile("r.csv", content)})

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert "Jane Doe" not in answer.content.decode()
    assert not Enrolment.objects.exists()


def test_figures_are_shown_and_handed_in(client):
    scene = make_course()
    make_indicator(scene)
    fill(scene)
    client.force_login(scene.officer)
    path = path_of(scene, "register-propose")

    assert "Submit 1 figure for approval" in client.get(path).content.decode()
    version = CourseRun.objects.get().register_version
    assert client.post(path, {"version": version - 1}).status_code == 409
    assert client.post(path, {"version": version}).status_code == 302
    assert "There is nothing to hand in" in client.get(path).content.decode()
    assert Observation.objects.get().state == "submitted"


def test_facts_of_a_run_are_checked_and_kept(client):
    scene = make_course()
    client.force_login(scene.officer)
    path = path_of(scene, "run-facts")
    good = {
        "pass_mark": "70",
        "cost": "",
        "hours_total": "30",
        "hours_regional": "12.5",
        "register_version": "1",
    }

    for bad in (
        {"pass_mark": "101"},
        {"cost": "-1"},
        {"hours_regional": "31"},
        {"cost": "1,5"},
        {"cost": "1e9"},
    ):
        assert client.post(path, good | bad).status_code == 422
    assert client.post(path, good).status_code == 302
    run = CourseRun.objects.get()
    assert (run.pass_mark, run.cost, run.hours_total, run.hours_regional) == (70, None, 30, 12.5)
    stale = client.post(path, good | {"pass_mark": "75"})
    assert stale.status_code == 422
    assert "Somebody changed this register" in stale.content.decode()


def test_registers_past_their_time_are_listed_and_removed(client):
    scene = make_course()
    fill(scene, 3)
    CourseRun.objects.update(starts_on=date(2020, 3, 3), ends_on=date(2020, 3, 7))
    client.force_login(make.make_admin())
    path = reverse("registers-expired")

    assert scene.run.code in client.get(path).content.decode()
    assert client.post(path, {"run": "x"}).status_code == 404
    assert client.post(path, {"run": scene.run.pk}).status_code == 302
    assert not Enrolment.objects.exists()
    assert "No register is past its time" in client.get(path).content.decode()


def test_the_memory_of_a_sheet_holds_what_it_shows(client):
    scene = make_course()
    keep(scene, line("P1", **PERSON, pre="20", maximum_pre="50"))
    client.force_login(scene.officer)

    assert json.loads(sheet_of(client, scene, "scores")["base"])[cell("P1", "pre")] == "20"
