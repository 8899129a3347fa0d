"""Course results: what each reader sees, small cells, files and the machine door."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from indicators.engine.disclosure import suppress
from indicators.models import CourseRun
from indicators.reports.course_lines import nation_lines, run_lines
from tests import factories as make
from tests.entry.register_scenes import PERSON, fill, line, make_course, make_indicator
from tests.entry.test_course_register import keep

pytestmark = pytest.mark.django_db
TODAY = date(2025, 12, 1)


def results(scene, name="run-results"):
    args = [scene.programme.code] if name == "course-results" else [scene.programme.code, scene.run.pk]
    return reverse(name, args=args)


def viewer(scene, nation="KWT"):
    return make.make_user(f"viewer-{nation}", global_role="partner_viewer", partner=make.make_partner(nation))


def test_the_ladder_shows_value_interval_and_sentence(client):
    scene = make_course()
    fill(scene)
    client.force_login(scene.reader)

    page = client.get(results(scene)).content.decode()

    assert "9 of 12 who answered applied something on the job: 75\N{NO-BREAK SPACE}%" in page
    assert "Level 4" in page
    assert "P01" not in page
    assert "EUR 9000 for 9 graduates who say that they apply it: EUR 1000 each" in page


def test_refusals_stand_where_the_figure_would(client):
    scene = make_course()
    fill(scene, 7, asked=False)
    client.force_login(scene.reader)

    page = client.get(results(scene)).content.decode()

    assert "Too few pairs: 7 of 8 needed." in page
    assert "Nobody was asked yet." in page


def test_small_cells_and_what_gives_them_away_are_left_out():
    scene = make_course()
    fill(scene)  # nine of Kuwait, three of Qatar
    lines = run_lines(scene.officer, [CourseRun.objects.get()], as_of=TODAY)

    found = {one.nation: one.participants for one in nation_lines(lines, only=scene.run.pk)}

    assert found == {"KWT": None, "QAT": None}


def test_a_nation_over_all_runs_does_not_give_away_one_run():
    scene = make_course()
    fill(scene)
    second = CourseRun.objects.create(
        course=scene.course, code="SECOND", starts_on=date(2025, 6, 2), ends_on=date(2025, 6, 6), seats=20
    )
    people = [("KWT", 9), ("QAT", 8), ("BHR", 6)]
    scene.run = second
    keep(scene, *(
        line(f"{nation}{i}", **(PERSON | {"nation": nation})) for nation, count in people for i in range(count)
    ))  # fmt: skip
    lines = run_lines(scene.officer, CourseRun.objects.order_by("pk"), as_of=TODAY)

    shown = {(None, one.nation): one.participants for one in nation_lines(lines)}
    for line_ in lines:
        shown |= {
            (line_.run.pk, one.nation): one.participants for one in nation_lines(lines, only=line_.run.pk)
        }

    first = lines[0].run.pk
    assert shown[first, "QAT"] is None
    assert shown[None, "QAT"] is None or shown[second.pk, "QAT"] is None, "the difference would tell it"
    assert any(count is not None for count in shown.values())
    assert suppress({"": 3}).hidden == {""}


def test_a_partner_sees_what_is_approved_and_released_and_no_more(client):
    scene = make_course()
    released, kept_inside = make_indicator(scene), make_indicator(scene, "ICI-05")
    fill(scene)
    released.releasable_to.add(make.make_partner("KWT"))
    for indicator in (released, kept_inside):
        make.make_observation(
            indicator, scene.period, numerator=Decimal(8), denominator=Decimal(11), entered_by=scene.officer
        )
    client.force_login(viewer(scene))

    page = client.get(results(scene)).content.decode()
    file = client.get(reverse("export", args=["course-run", str(scene.run.pk), "csv"])).content.decode()
    everything = client.get(results(scene, "course-results"))

    assert "72.7\N{NO-BREAK SPACE}%" in page
    assert "75\N{NO-BREAK SPACE}%" not in page, "the register is not for partners"
    assert "By nation" not in page
    assert "ICI-08" in file
    assert "ICI-05" not in file
    assert everything.status_code == 200
    for name in ("course-nations", "course-topics"):
        text = client.get(reverse("export", args=[name, scene.programme.code, "csv"])).content.decode()
        assert "Qatar" not in text
        assert "75" not in text


@pytest.mark.parametrize("runs", [1, 4])
@pytest.mark.parametrize("name", ["course-results", "run-results"])
def test_results_ask_the_same_number_of_questions(client, django_assert_num_queries, runs, name):
    scene = make_course()
    fill(scene)
    for number in range(2, runs + 1):
        CourseRun.objects.create(
            course=scene.course,
            code=f"R{number}",
            starts_on=date(2025, 5, number),
            ends_on=date(2025, 5, 20),
            seats=9,
        )
    client.force_login(scene.reader)

    # session, user, menu; programme or run; runs, approved, 4 of the registers, nations; roles of the run's page twice;
    # 3 that keep the session
    with django_assert_num_queries(14 if name == "course-results" else 16):
        assert client.get(results(scene, name)).status_code == 200


@pytest.mark.parametrize("table", ["courses", "course-topics", "course-nations"])
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_tables_come_as_files(client, table, form):
    scene = make_course()
    fill(scene)
    client.force_login(scene.reader)

    answer = client.get(reverse("export", args=[table, scene.programme.code, form]))

    assert answer.status_code == 200
    assert len(answer.content) > 100
    if form == "csv":
        assert "P01" not in answer.content.decode()


def test_the_machine_door_gives_aggregates_to_all_and_records_to_few(client):
    scene = make_course()
    fill(scene)
    detail, register = (
        reverse(f"api-course-run-{name}", args=[scene.run.pk]) for name in ("detail", "register")
    )
    client.force_login(scene.reader)

    found = client.get(detail).json()
    figures = {one["code"]: one for one in found["figures"]}

    assert found["participants"] == 12
    assert figures["ICI-08"]["value"] == "75.000000"
    assert figures["ICI-10"]["refusal_code"] == "NOT_RECORDED"
    assert figures["ICI-10"]["value"] is None
    assert "P01" not in str(found)
    assert client.get(register).status_code == 403
    listed = client.get(reverse("api-course-run-list"), {"programme": scene.programme.code}).json()
    assert [one["code"] for one in listed["results"]] == [scene.run.code]
    client.force_login(scene.officer)
    assert client.get(register).json()[1]["records"]["pre"] == "16.00"
    client.force_login(viewer(scene))
    seen = client.get(detail).json()
    assert {one["refusal_code"] for one in seen["figures"]} == {"NO_APPROVED_DATA"}
    assert seen["participants"] is None
