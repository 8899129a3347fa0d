"""The way of a file: sent, looked into, confirmed, checked, taken over as a whole, undone as one."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile
from django.db import connection
from django.urls import reverse

from indicators.entry import actions as entry
from indicators.entry.importing import actions, queue, running
from indicators.models import Event, FileImport, ImportRow, ImportTerm, Observation, State
from tests.entry.import_scenes import FileScene, kinds_of, lines, problems_of
from tests.entry.scenes import LATER, log_in
from tests.factories import AT, make_indicator, make_user, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return FileScene()


GOOD = lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q3,NA,0,40,")


def test_a_file_with_known_columns_goes_straight_to_its_result(scene):
    made = scene.send(GOOD)

    assert (made.state, kinds_of(made)) == ("checked", {"new": 2})
    assert not Observation.objects.exists()


def test_a_checked_file_is_taken_over_as_a_whole(scene):
    made = scene.apply(scene.send(GOOD))

    assert made.state == "applied"
    basra = Observation.objects.get(unit__code="BSR")
    assert (basra.state, basra.source, basra.numerator, basra.submitted_by) == (
        State.SUBMITTED,
        "import",
        30,
        scene.officer,
    )
    event = Event.objects.get(verb="imported", about_id=basra.pk)
    assert event.after == entry.as_json(basra) | {
        "numerator": "30", "denominator": "60", "file": "figures.csv", "sha256": made.sha256, "import": made.pk,
        "row": 2,
    }  # fmt: skip
    assert event.about_name == str(basra)
    assert scene.approve(basra).state == State.APPROVED


def test_a_file_with_one_bad_row_is_not_taken_over(scene):
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,", 'BS-01,2025 Q3,NA,"1,5",40,'))

    assert kinds_of(made) == {"new": 1, "problem": 1}
    with pytest.raises(ValidationError, match="1 rows are refused"):
        actions.apply_import(file_import=made, by=scene.officer, at=LATER)
    assert not Observation.objects.exists()


def test_the_same_file_twice_changes_nothing(scene):
    scene.apply(scene.send(GOOD))
    again = scene.send(GOOD)

    assert kinds_of(again) == {"same": 2}
    with pytest.raises(ValidationError, match="nothing to take over"):
        actions.apply_import(file_import=again, by=scene.officer, at=LATER)


def test_changed_corrected_and_same_rows_are_told_apart_and_taken_over_together(scene):
    scene.approve(scene.submit(unit=scene.sites[0]))
    returned = scene.submit(unit=scene.sites[1], numerator="3", denominator="40")
    entry.return_observation(observation=returned, comment="Count again.", by=scene.approver, at=LATER)

    made = scene.send(
        "indicator,period,unit,numerator,denominator,value,comment,reason\n"
        "BS-01,2025 Q3,BSR,28,60,,,Counted twice\nBS-01,2025 Q3,NA,4,40,,,\nCT-02,2025 Q3,,,,7,,\n"
    )
    assert kinds_of(made) == {"new": 1, "changed": 1, "corrected": 1}
    assert scene.apply(made).state == "applied"

    correction = Observation.objects.get(corrects__isnull=False)
    assert (correction.numerator, correction.correction_reason, correction.state) == (
        28,
        "Counted twice",
        "submitted",
    )
    returned.refresh_from_db()
    assert (returned.numerator, returned.state) == (4, "submitted")
    assert [e.verb for e in Event.objects.filter(about_id=returned.pk).order_by("pk")][-2:] == [
        "changed",
        "submitted",
    ]
    assert kinds_of(scene.send("indicator,period,value\nCT-02,2025 Q3,7\n")) == {"same": 1}


def test_an_import_is_undone_as_one(scene):
    returned = scene.submit(unit=scene.sites[1], numerator="3", denominator="40")
    entry.return_observation(observation=returned, comment="Count again.", by=scene.approver, at=LATER)
    returned.refresh_from_db()
    made = scene.apply(scene.send(lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q3,NA,4,40,")))

    undone = scene.undo(made)

    assert (undone.state, undone.counts["undone"]["discarded"], undone.counts["undone"]["restored"]) == (
        "undone",
        1,
        1,
    )
    kept = Observation.objects.get()
    for name in (
        "numerator",
        "denominator",
        "state",
        "entered_at",
        "submitted_at",
        "decided_by_id",
        "decision_comment",
    ):
        assert getattr(kept, name) == getattr(returned, name), name
    assert kept.version > returned.version
    assert Event.objects.filter(verb="discarded").count() == 1
    assert kinds_of(scene.send(GOOD)) == {"new": 1, "changed": 1}


def test_what_was_approved_since_stays_and_is_said(scene, client):
    made = scene.apply(scene.send(GOOD))
    scene.approve(Observation.objects.get(unit__code="BSR"))
    log_in(client, scene.officer)

    page = client.get(reverse("import-undo", args=[scene.programme.code, made.pk])).content.decode()
    assert "1 figure is discarded." in page
    assert "1 were approved since and stay" in page
    undone = scene.undo(made)

    assert undone.counts["undone"]["approved"] == 1
    assert Observation.objects.get().state == State.APPROVED


def test_what_changed_since_the_check_stops_the_whole_file(scene):
    made = scene.send(GOOD)
    scene.submit(unit=scene.sites[1], numerator="9", denominator="40")

    refused = scene.apply(made)

    assert (refused.state, refused.applied_by) == ("checked", None)
    assert "1 figures changed since the file was checked" in refused.problem
    assert Observation.objects.count() == 1


def test_an_indicator_that_left_use_since_the_check_stops_the_whole_file(scene):
    made = scene.send(GOOD)
    scene.indicator.is_active = False
    scene.indicator.save(update_fields=["is_active"])

    assert "no longer in use" in scene.apply(made).problem
    assert not Observation.objects.exists()


def test_two_files_about_the_same_places_are_taken_over_one_after_the_other(scene):
    second = make_user("second", programme=scene.programme)
    first, other = scene.send(GOOD), scene.send(lines("BS-01,2025 Q3,BSR,31,60,"), by=second)

    assert scene.apply(first).state == "applied"
    actions.apply_import(file_import=other, by=second, at=LATER)
    assert scene.work(other).state == "checked"
    assert Observation.objects.get(unit__code="BSR").numerator == 30


def test_headers_in_other_words_are_asked_once_and_remembered(scene):
    odd = "What,When,Where,Good ones,All of them\nBS-01,2025 Q3,BSR,30,60\n"
    made = scene.send(odd)
    assert made.state == "mapping"
    assert made.preview["unknown"] == ["What", "When", "Where", "Good ones", "All of them"]

    made = scene.confirm(made, columns=["indicator", "period", "unit", "numerator", "denominator"])
    assert kinds_of(made) == {"new": 1}
    assert ImportTerm.objects.filter(kind="column").count() == 5
    assert scene.send(odd.replace("Q3", "Q2")).state == "checked"


def test_a_layout_that_leaves_something_open_is_refused(scene):
    made = scene.send("What,When\nBS-01,2025 Q3\n")

    with pytest.raises(ValidationError, match="No column says the indicator"):
        scene.confirm(made, columns=["", "period"])
    with pytest.raises(ValidationError, match="Two columns say the same"):
        scene.confirm(made, columns=["period", "period"])
    with pytest.raises(ValidationError, match="is no field"):
        actions.layout_of(made, {"columns": ["password", ""]})


def test_words_of_the_file_are_matched_once(scene):
    made = scene.send("indicator,period,unit,numerator,denominator\nDE7x,202507,Basrah,30,60\n")
    assert {(w["kind"], w["theirs"]) for w in made.counts["words"]} == {
        ("indicator", "DE7x"),
        ("unit", "Basrah"),
    }
    assert {w["rows"] for w in made.counts["words"]} == {1}

    actions.match_words(
        file_import=made,
        words={("indicator", "DE7x"): "BS-01", ("unit", "Basrah"): "BSR"},
        by=scene.officer,
        at=AT,
    )
    made = scene.work(made)
    assert problems_of(made)[0][1] == "period"
    actions.match_words(file_import=made, words={("period", "202507"): "2025 Q3"}, by=scene.officer, at=AT)
    assert kinds_of(scene.work(made)) == {"new": 1}


def test_a_person_who_enters_no_figures_sends_nothing(scene):
    with pytest.raises(PermissionDenied):
        scene.send(GOOD, by=make_user())
    assert not FileImport.objects.exists()


def test_the_same_key_gives_the_same_import_and_another_file_is_refused(scene):
    first = scene.send(GOOD, key="k1")

    assert scene.send(GOOD, key="k1").pk == first.pk
    with pytest.raises(ValidationError, match="another file"):
        scene.send(GOOD + "\n", key="k1")


def test_refused_rows_come_as_a_file_that_can_be_mended_and_sent_again(scene, client):
    made = scene.send(lines("BS-01,2025 Q3,BSR,30,60,=1+1", 'BS-01,2025 Q3,NA,"1,5",40,'))
    log_in(client, scene.officer)

    for kind in ("", "-xlsx"):
        answer = client.get(reverse(f"import-problems{kind}", args=[scene.programme.code, made.pk]))
        content = b"".join(answer.streaming_content)
        assert answer["X-Content-Type-Options"] == "nosniff"
        again = scene.send(content, name="refused.csv")
        assert [p[:2] for p in problems_of(again)] == [(2, "numerator")], again.problem
    assert (
        "Row 3"
        in b"".join(client.get(reverse("import-problems", args=[scene.programme.code, made.pk]))).decode()
    )
    mended = scene.send(f"problem,{lines('ignored,BS-01,2025 Q3,NA,1,40,')}")
    assert kinds_of(mended) == {"new": 1}


def test_a_worker_that_lost_its_lease_keeps_nothing(scene):
    made = actions.create_import(
        programme=scene.programme, file=ContentFile(GOOD.encode()), name="f.csv", by=scene.officer, at=AT
    )
    slow = queue.claim(made.pk)
    assert queue.claim(made.pk) is None
    FileImport.objects.update(lease_until="2020-01-01T00:00:00Z")

    assert scene.work(made).state == "checked"
    assert running.run_claimed(slow, at=LATER) is False
    assert ImportRow.objects.filter(file_import=made).count() == 2


def test_after_three_vanished_workers_a_file_is_given_up_and_says_so(scene):
    made = actions.create_import(
        programme=scene.programme, file=ContentFile(GOOD.encode()), name="f.csv", by=scene.officer, at=AT
    )
    for _turn in range(3):
        assert queue.claim(made.pk) is not None
        FileImport.objects.update(lease_until="2020-01-01T00:00:00Z")

    made = scene.work(made)

    assert (made.state, "vanished" in made.problem) == ("failed", True)


def test_what_the_database_itself_refuses_is_said_and_nothing_is_kept(scene):
    """As a trigger on closed periods would."""
    made = scene.send(GOOD)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'The period is closed'; END $$; "
            "CREATE TRIGGER closed BEFORE INSERT ON indicators_observation FOR EACH ROW EXECUTE FUNCTION closed();"
        )

    refused = scene.apply(made)

    assert (refused.state, refused.applied_by) == ("checked", None)
    assert "The period is closed" in refused.problem
    assert not Observation.objects.exists()
    assert not Event.objects.filter(verb="imported").exists()


@pytest.mark.parametrize("n", [1, 40])
def test_pages_ask_as_many_queries_for_one_row_as_for_forty(scene, client, django_assert_max_num_queries, n):
    made = scene.send(
        lines(*[f"BS-01,{p.label},BSR,{30 + i},60,as seen" for i, p in enumerate(scene.quarters[:n])])
    )
    log_in(client, scene.officer)
    # session, user, memberships for the menu, file, roles; rows, indicators, periods, units, standing; same file
    with django_assert_max_num_queries(17):
        page = client.get(made.get_absolute_url())
    assert page.status_code == 200


def test_the_whole_way_over_the_pages(scene, client):
    log_in(client, scene.officer)
    code = scene.programme.code
    assert "No file was sent yet" in client.get(reverse("import-list", args=[code])).content.decode()

    content = b"What,period,unit,numerator,denominator\nBS-01,2025 Q3,BSR,30,60\n"
    sent = client.post(reverse("import-list", args=[code]), {"file": ContentFile(content, "f.csv")})
    made = FileImport.objects.get()
    assert sent["Location"] == made.get_absolute_url()
    assert "Waiting for a worker" in client.get(sent["Location"]).content.decode()
    scene.work(made)
    page = client.get(sent["Location"]).content.decode()
    assert "What each column says" in page
    refused = client.post(reverse("import-layout", args=[code, made.pk]), {"dates": "ymd", "column-0": ""})
    assert refused.status_code == 422
    chosen = {
        f"column-{n}": c for n, c in enumerate(("indicator", "period", "unit", "numerator", "denominator"))
    }
    client.post(reverse("import-layout", args=[code, made.pk]), {"dates": "ymd", **chosen})
    scene.work(made)
    page = client.get(sent["Location"]).content.decode()
    assert "Take over the whole file" in page
    assert "30 of 60 = 50" in page
    apply = reverse("import-apply", args=[code, made.pk])
    assert "your declaration is needed" in client.post(apply, follow=True).text
    assert FileImport.objects.get(pk=made.pk).state == "checked"
    client.post(apply, {"declaration": "on"})
    scene.work(made)
    assert "wait for approval by a second person" in client.get(sent["Location"]).content.decode()
    client.post(reverse("import-undo", args=[code, made.pk]))
    scene.work(made)
    assert "1 discarded" in client.get(sent["Location"]).content.decode()
    assert not Observation.objects.exists()


def test_a_part_of_the_page_tells_the_progress_and_then_loads_the_page(scene, client):
    made = actions.create_import(
        programme=scene.programme, file=ContentFile(GOOD.encode()), name="f.csv", by=scene.officer, at=AT
    )
    log_in(client, scene.officer)

    part = client.get(made.get_absolute_url(), headers={"HX-Request": "true"})
    assert "<h1" not in part.content.decode()
    scene.work(made)
    assert client.get(made.get_absolute_url(), headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_parts_that_do_not_add_up_need_a_comment(scene):
    head = "indicator,period,cell,value,comment\n"
    both = [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}]
    split = make_version(
        "CT-05", value_type="count", time_rule="sum", site_rule="sum", scale=1, min_denominator=None, unit="persons",
        disaggregations=[{"name": "sex", "label": "Sex", "categories": both}],
    )  # fmt: skip
    make_indicator(scene.programme, version=split)
    parts = "CT-05,2025 Q3,sex=f,3,\nCT-05,2025 Q3,sex=m,3,\n"

    wrong = scene.send(f"{head}CT-05,2025 Q3,,7,\n{parts}")
    ((row, column, message),) = problems_of(wrong)
    assert (row, column) == (2, "comment")
    assert "The parts by sex give" in message
    assert kinds_of(scene.send(f"{head}CT-05,2025 Q3,,7,One is unknown\n{parts}")) == {"new": 3}
    scene.apply(scene.send(f"{head}CT-05,2025 Q3,,6,Men follow\n{parts.splitlines()[0]}\n"))
    assert problems_of(scene.send(f"{head}CT-05,2025 Q3,sex=m,4,\n"))[0][:2] == (2, "comment")
