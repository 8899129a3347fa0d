"""B3: files and bodies with bytes flipped, cut and put in. Each is read or refused in time; nothing is half kept.

A few of each always; with STRESS=1 (`make stress`) 20,250 in all, and the figures in STRESS_RESULTS.
"""

import io
import json
import os
import zipfile

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from indicators.exchange import iati_running
from indicators.models import FileImport, IatiImport, ImportTerm, Observation, Programme
from tests import factories as make
from tests import stress
from tests.entry.import_scenes import FileScene, lines, workbook
from tests.exchange import scenes as iati
from tests.mutations import mutated, mutated_package
from tests.stress import Bounds

pytestmark = pytest.mark.django_db
EACH = int(os.environ.get("MUTATIONS", "2250"))
SPACES = " ".join(
    f'xmlns:{one}="urn:oasis:names:tc:opendocument:xmlns:{one}:1.0"'
    for one in ("office", "table", "text", "manifest")
)


def ods():
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    number = (
        '<table:table-cell office:value-type="float" office:value="7"><text:p>7</text:p></table:table-cell>'
    )
    head = "".join(text.format(name) for name in ("indicator", "period", "value"))
    row = text.format("CT-02") + text.format("2025 Q3") + number
    body = f"<table:table-row>{head}</table:table-row><table:table-row>{row}</table:table-row>"
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        package.writestr("META-INF/manifest.xml", f"<manifest:manifest {SPACES}/>")
        package.writestr(
            "content.xml",
            f"<office:document-content {SPACES}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{body}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return output.getvalue()


SET = {"dataElement": "CT-02", "period": "2025Q3", "value": "7", "comment": "as seen"}
FILES = {
    "csv": ("f.csv", lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q2,NA,1,40,x").encode()),
    "xlsx": ("f.xlsx", workbook(("S", [["indicator", "period", "value"], ["CT-02", "2025 Q3", 7]]))),
    "ods": ("f.ods", ods()),
    "hxl": ("f.csv", b"Activity,When,How many\n#indicator+code,#period,#value\nCT-02,2025 Q3,7\nCT-02,2025 Q2,8\n"),
    "kobo": (
        "f.csv",
        (b"start,report/indicator,report/period,report/value,_id,_uuid,_submission_time,_index\n"
        b"2025-09-30T10:00,CT-02,2025 Q3,7,9,uuid:1,2025-09-30T10:01,1\n"),
    ),
    "dhis2 json": ("f.json", json.dumps({"dataValues": [SET, SET | {"period": "2025Q2"}]}).encode()),
    "dhis2 xml": (
        "f.xml",
        (b'<?xml version="1.0"?><dataValueSet xmlns="http://dhis2.org/schema/dxf/2.0" period="2025Q3">'
        b'<dataValue dataElement="CT-02" value="7"/><dataValue dataElement="CT-02" period="2025Q2" value="3"/>'
        b"</dataValueSet>"),
    ),
}  # fmt: skip
QUICK = {"xlsx": 4, "ods": 4}


@pytest.mark.parametrize("kind", FILES)
def test_B3_a_mutated_file_is_read_or_refused_and_taken_over_whole_or_not_at_all(kind):
    scene, bounds = FileScene(), Bounds(f"B3 {kind}")
    name, content = FILES[kind]
    mutate = mutated_package if kind in {"xlsx", "ods"} else mutated
    for number in range(stress.count(QUICK.get(kind, 20), EACH)):
        with transaction.atomic():
            with bounds.one(number):
                made = scene.send(mutate(content, kind, number), name=name)
            assert made.state in {"failed", "mapping", "checked"}, (kind, number, made.state)
            assert "Traceback" not in made.problem, (kind, number)
            assert "administrator" not in made.problem, (kind, number, made.problem)
            assert not Observation.objects.exists(), (kind, number)
            bounds.answered(_taken_over(scene, made, (kind, number)))
            transaction.set_rollback(True)
    bounds.finish()


def _taken_over(scene, made, which):
    """Tried where the check lets it: all of its rows become figures, or none."""
    kinds = made.counts.get("kinds", {})
    if made.state != "checked" or kinds.get("problem") or not kinds.get("new"):
        return made.state
    made = scene.apply(made)
    assert made.state in {"applied", "checked"}, (*which, made.problem)
    assert Observation.objects.count() == (kinds["new"] if made.state == "applied" else 0), which
    return f"taken over: {made.state}"


def kept_rows():
    models = apps.get_app_config("indicators").get_models()
    return {one.__name__: one._base_manager.count() for one in models if one._meta.managed}


def test_B3_a_mutated_iati_file_is_taken_or_refused_whole():
    make.make_partner("IRQ", alpha2="IQ")
    client = Client(raise_request_exception=False)
    client.force_login(make.make_admin())
    content = (
        '<?xml version="1.0"?>\n<iati-activities version="2.03">'
        + iati.activity(iati.indicator(iati.period("12", "20"), baseline="10"))
        + "</iati-activities>"
    ).encode()
    client.get("/api/v1/iati-imports/")  # the first request of a process loads every address
    bounds, before = Bounds("B3 iati xml"), brought()
    for number in range(stress.count(20, EACH)):
        with transaction.atomic():
            file = SimpleUploadedFile("a.xml", mutated(content, "iati", number))
            with bounds.one(number):
                answer = client.post("/api/v1/iati-imports/", {"file": file})
            assert answer.status_code == 202, (number, answer.content[:300])
            bounds.answered(_followed(client, answer.json()["id"], before, number))
            transaction.set_rollback(True)
    bounds.finish()


def brought():
    """Rows of everything but the job itself and the audit trail, which says that a file was sent."""
    return {name: count for name, count in kept_rows().items() if name not in {"IatiImport", "Event"}}


def _followed(client, pk, before, number):
    """Tried where the check lets it: exactly what was said is there, or nothing."""
    iati_running.run_waiting(at=lambda: iati.AT, pk=pk)
    made = IatiImport.objects.get(pk=pk)
    assert made.state in {"failed", "checked"}, (number, made.state)
    assert "administrator" not in made.problem, (number, made.problem)
    assert brought() == before, number
    if made.state == "failed" or made.outcome["changes_nothing"]:
        return made.state
    assert client.post(f"/api/v1/iati-imports/{pk}/apply/").status_code == 202, number
    iati_running.run_waiting(at=lambda: iati.AT, pk=pk)
    made.refresh_from_db()
    assert made.state == "applied", (number, made.problem)
    assert Observation.objects.count() == made.outcome["figures"]["new"], number
    codes = {one["code"] for one in made.outcome["activities"]} - {""}
    assert Programme.objects.count() == len(codes), number
    return "applied"


def bodies(scene):
    """Each way in for a machine: its address and a good body."""
    figure = {
        "indicator": scene.count.pk, "period": scene.q3.pk, "value": "7", "as_of": "2025-09-30", "comment": "as seen",
        "reliability": "B", "credibility": 2, "marking": "NATO UNCLASSIFIED",
    }  # fmt: skip
    old = scene.approve(scene.submit(unit=scene.sites[0]))
    draft = scene.record(unit=scene.sites[1])
    new = {"reason": "Counted twice.", "numerator": "28", "denominator": "60", "declaration": True}
    return [
        ("/api/v1/observations/", figure | {"submit": True, "declaration": True}),
        ("/api/v1/observations/bulk/", {"observations": [figure, figure | {"period": scene.quarters[5].pk}]}),
        (f"/api/v1/observations/{old.pk}/correct/", new),
        (f"/api/v1/observations/{draft.pk}/submit/", {"declaration": True}),
        (f"/api/v1/programmes/{scene.programme.code}/assess/", {"kind": "on_the_fly", "as_of": "2025-09-30"}),
    ]  # fmt: skip


def test_B3_a_mutated_body_of_the_api_is_taken_or_refused_whole():
    scene = FileScene()
    clients = {who: Client(raise_request_exception=False) for who in ("officer", "approver")}
    for who, client in clients.items():
        client.force_login(getattr(scene, who))
    ways, bounds = bodies(scene), Bounds("B3 api json")
    before = kept_rows()
    for number in range(stress.count(40, EACH)):
        path, good = ways[number % len(ways)]
        client = clients["approver" if "assess" in path else "officer"]
        body = mutated(json.dumps(good).encode(), "api", number)
        with transaction.atomic():
            with bounds.one(number):
                answer = client.post(
                    path, body, content_type="application/json", headers={"Idempotency-Key": f"k{number}"}
                )
            assert answer.status_code < 500, (number, path, body, answer.content[:300])
            if answer.status_code >= 400:
                assert answer.headers["Content-Type"] == "application/problem+json", (number, path)
                assert kept_rows() == before, (number, path, body)
            bounds.answered(answer.status_code)
            transaction.set_rollback(True)
    bounds.finish()


def test_B3_a_mutated_body_about_how_a_file_is_read_is_refused_or_taken():
    """The layout of a file and what its words mean come from outside too."""
    scene = FileScene()
    made = scene.send("What,When,Good\nCT-02,2025 Q3,7\n")
    client = Client(raise_request_exception=False)
    client.force_login(scene.officer)
    good = {
        "columns": ["indicator", "period", "value"],
        "fixed": {"comment": "x"},
        "dates": "ymd",
        "until_blank": True,
    }
    bounds = Bounds("B3 layout json")
    for number in range(stress.count(20, EACH)):
        body = mutated(json.dumps(good).encode(), "layout", number)
        with transaction.atomic():
            with bounds.one(number):
                answer = client.post(
                    f"/api/v1/imports/{made.pk}/layout/", body, content_type="application/json"
                )
                looked = scene.work(made) if answer.status_code == 202 else made
            assert answer.status_code in {202, 400}, (number, body, answer.content[:300])
            assert looked.state in {"mapping", "checked", "failed"}, (number, looked.state)
            assert "administrator" not in looked.problem, (number, body)
            assert not Observation.objects.exists()
            bounds.answered(answer.status_code)
            transaction.set_rollback(True)
    assert FileImport.objects.get().state == "mapping"
    assert not ImportTerm.objects.exists()
    bounds.finish()
