"""Evidence on a figure's page: several files, a word for each, taken away while a draft; no marking kept anywhere."""

import io
import zipfile
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from indicators.entry import evidence
from indicators.entry.file_text import text_of
from indicators.models import Event, Evidence
from tests.entry.scenes import PDF, Scene, log_in
from tests.entry.test_evidence import DOCX, PNG, package
from tests.factories import make_user

SPILL = "NATO SECRET"


@pytest.fixture
def scene(settings, tmp_path, db, client):
    settings.MEDIA_ROOT = tmp_path
    scene = Scene()
    log_in(client, scene.officer)
    return scene


def upload(name, content):
    return SimpleUploadedFile(name, content)


def add(client, observation, *files, json=False, **given):
    headers = {"accept": "application/json"} if json else {}
    data = {"evidence_files": [upload(*one) for one in files]} | given
    return client.post(reverse("evidence-add", args=[observation.pk]), data, headers=headers)


def remove(client, one, **given):
    return client.post(reverse("evidence-remove", args=[one.pk]), **given)


def kept_files(tmp_path):
    return [path for path in tmp_path.rglob("*") if path.is_file()]


def test_several_files_a_link_and_a_place_are_added_at_once_and_taken_away_again(client, scene, tmp_path):
    draft = scene.record()
    given = {"evidence_link": "https://example.org/r", "evidence_elsewhere": "Ministry archive, room 4"}
    answer = add(client, draft, ("a.pdf", PDF), ("b.png", PNG), **given)
    assert answer.status_code == 302
    page = client.get(draft.get_absolute_url()).text
    assert "4 pieces of evidence added." in page
    for name in ("a.pdf", "b.png", "https://example.org/r", "Ministry archive, room 4"):
        assert name in page

    for one in Evidence.objects.all():
        assert remove(client, one).status_code == 302
    assert not Evidence.objects.exists()
    assert Event.objects.filter(verb="evidence removed").count() == 4


def test_a_file_that_nothing_rests_on_any_more_leaves_the_disk(
    client, scene, tmp_path, django_capture_on_commit_callbacks
):
    first, second = scene.record(), scene.record(period=scene.quarters[5])
    add(client, first, ("a.pdf", PDF))
    add(client, second, ("b.pdf", PDF))
    for left, one in zip((1, 0), Evidence.objects.order_by("pk"), strict=True):
        with django_capture_on_commit_callbacks(execute=True):
            remove(client, one)
        assert len(kept_files(tmp_path)) == left


@pytest.mark.parametrize("state", ["submitted", "approved"])
def test_evidence_of_a_figure_that_is_handed_in_stays(client, scene, state):
    draft = scene.record()
    add(client, draft, ("a.pdf", PDF))
    one = Evidence.objects.get()
    type(draft).objects.filter(pk=draft.pk).update(
        state="submitted", submitted_by=scene.officer, submitted_at=timezone.now()
    )
    if state == "approved":
        type(draft).objects.filter(pk=draft.pk).update(
            state=state, decided_by=scene.approver, decided_at=timezone.now()
        )
    assert remove(client, one).status_code == 403
    assert add(client, draft, ("b.png", PNG)).status_code == 403
    assert Evidence.objects.get() == one
    assert "Add evidence" not in client.get(draft.get_absolute_url()).text


def test_only_those_who_enter_the_figure_add_and_remove(client, scene):
    draft = scene.record()
    add(client, draft, ("a.pdf", PDF))
    one = Evidence.objects.get()
    for person, code in ((make_user(programme=scene.programme, role="reader"), 403), (Scene().officer, 404)):
        log_in(client, person)
        assert remove(client, one).status_code == code
        assert add(client, draft, ("b.png", PNG)).status_code == code
    assert Evidence.objects.count() == 1


def test_a_script_sends_file_by_file_and_is_told_about_each(client, scene):
    draft = scene.record()
    taken = add(client, draft, ("a.pdf", PDF), json=True)
    assert taken.json()["added"] == 1
    assert "a.pdf" in taken.json()["list"]
    again = add(client, draft, ("again.pdf", PDF), json=True)
    assert again.json()["added"] == 0
    refused = add(client, draft, ("a.svg", b"<svg/>"), json=True)
    assert refused.status_code == 422
    (said,) = refused.json()["errors"]
    assert said.startswith("“a.svg” was refused: expected a file of type pdf")
    assert Evidence.objects.count() == 1


def test_of_several_files_each_refused_one_is_named_and_none_is_kept(client, scene, tmp_path):
    draft = scene.record()
    answer = add(client, draft, ("good.pdf", PDF), ("bad.pdf", PNG), ("worse.exe", b"MZ"))
    assert answer.status_code == 422
    for said in ("“bad.pdf” was refused: its content is not", "“worse.exe” was refused: expected a file"):
        assert said in answer.text
    assert kept_files(tmp_path) == []


def test_nothing_given_is_said(client, scene):
    answer = add(client, scene.record())
    assert answer.status_code == 422
    assert "a file, a link or where it is held was expected" in answer.text


def test_a_draft_is_handed_in_from_its_page_with_the_declaration_alone(client, scene):
    draft = scene.record(source="form", comment="No sheet was kept.")
    path = reverse("observation-submit", args=[draft.pk])
    assert "your declaration is needed" in client.post(path, follow=True).text
    draft.refresh_from_db()
    assert draft.state == "draft"
    client.post(path, {"declaration": "on"})
    draft.refresh_from_db()
    assert draft.state == "submitted"


def test_no_address_serves_the_store_of_files(client, scene, tmp_path):
    add(client, scene.record(), ("a.pdf", PDF))
    one = Evidence.objects.get()
    for path in (f"/media/{one.file.name}", f"/{one.file.name}", f"/static/{one.file.name}"):
        assert client.get(path).status_code == 404
    client.logout()
    assert client.get(reverse("evidence-download", args=[one.pk])).status_code == 302


# --- Markings ----------------------------------------------------------------------------------------------------


def docx(text, name="word/document.xml"):
    return package("[Content_Types].xml", "word/document.xml", *([name] if name != "word/document.xml" else []),
                   content=f"<w:p><w:t>{text}</w:t></w:p>".encode())  # fmt: skip


def opened(kind, text):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", evidence.CONTENT_TYPES[kind])
        archive.writestr("content.xml", f"<text:p>{text}</text:p>")
    return made.getvalue()


def pdf(stream, *, deflate=True, info=b""):
    page = zlib.compress(stream) if deflate else stream
    return (
        b"%PDF-1.7\n1 0 obj<</Title ("
        + info
        + b")>>endobj\n2 0 obj<<>>stream\n"
        + page
        + b"\nendstream endobj\n%%EOF"
    )


CARRIERS = {
    "txt": ("a.txt", SPILL.encode()),
    "csv": ("a.csv", b"post,note\n1," + SPILL.encode()),
    "docx": ("a.docx", docx(SPILL)),
    "docx, a word split over runs": ("a.docx", docx("NATO SEC</w:t></w:r><w:r><w:t>RET")),
    "docx header": ("a.docx", docx(SPILL, "word/header1.xml")),
    "xlsx": (
        "a.xlsx",
        package("[Content_Types].xml", "xl/workbook.xml", "xl/sharedStrings.xml", content=b"<t>NATO SECRET</t></si>"),
    ),
    "odt": ("a.odt", opened("odt", SPILL)),
    "ods": ("a.ods", opened("ods", SPILL)),
    "pdf page": ("a.pdf", pdf(b"BT (NATO SECRET) Tj ET")),
    "pdf page in pieces": ("a.pdf", pdf(b"BT [(NA) -20 (TO SEC) 5 (RET)] TJ ET", deflate=False)),
    "pdf title": ("a.pdf", pdf(b"BT (x) Tj ET", info=SPILL.encode())),
    "name": ("NATO SECRET.pdf", PDF),
    "name of a file that is refused anyway": ("NATO SECRET.exe", b"MZ"),
}  # fmt: skip


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_marking_is_found_and_neither_stored_nor_logged_nor_said(client, scene, tmp_path, caplog, carrier):
    caplog.set_level(0)
    draft = scene.record()
    answer = add(client, draft, ("fine.png", PNG), CARRIERS[carrier])
    assert answer.status_code == 422
    assert "File 2: This carries a marking above NATO UNCLASSIFIED" in answer.text
    assert SPILL not in answer.text
    assert SPILL not in caplog.text
    assert kept_files(tmp_path) == []
    assert not Evidence.objects.exists()
    assert not Event.objects.filter(about_name__contains=SPILL).exists()
    assert not Event.objects.filter(verb__contains="evidence").exists()


@pytest.mark.parametrize("field", ["evidence_link", "evidence_elsewhere"])
def test_a_marking_in_a_link_or_a_note_is_found_too(client, scene, caplog, field):
    caplog.set_level(0)
    text = {
        "evidence_link": "https://example.org/COSMIC-file",
        "evidence_elsewhere": "(NS) The safe in room 4",
    }[field]
    answer = add(client, scene.record(), **{field: text})
    assert answer.status_code == 422
    assert "carries a marking" in answer.text
    assert not Evidence.objects.exists()
    assert "COSMIC" not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "The secret ballot was held on time.",
        "Participants from Nauru (NR) and Niger (NE)",
        "Restricted access to the site delayed the inspection.",
        "NATO Secretary General",
    ],
)
@pytest.mark.parametrize("kind", ["txt", "docx", "odt", "pdf"])
def test_ordinary_words_in_a_file_pass(kind, text):
    escaped = text.replace("(", "\\(").replace(")", "\\)").encode()
    name, content = {
        "txt": ("a.txt", text.encode()),
        "docx": ("a.docx", docx(text)),
        "odt": ("a.odt", opened("odt", text)),
        "pdf": ("a.pdf", pdf(b"BT (" + escaped + b") Tj ET")),
    }[kind]
    checked = evidence.check_file(upload(name, content))
    assert checked.name == name
    if name.endswith(".pdf"):
        assert text in text_of(io.BytesIO(content), "pdf")


# --- Hostile files: B5 (bombs) and B7 (uploads that a browser would run) -------------------------------------------


def zip64_lie():
    content = bytearray(package("[Content_Types].xml", "xl/workbook.xml", content=b"0" * 4000))
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = (10).to_bytes(4, "little")  # says 10 bytes, unpacks to 4000
    return bytes(content)


def overlapping():
    """Many directory entries that all unpack the same bytes."""
    content = bytearray(
        package(
            "[Content_Types].xml",
            "xl/workbook.xml",
            *[f"xl/worksheets/sheet{n}.xml" for n in range(90)],
            content=b"0" * 900_000,
        )
    )
    return bytes(content)


BOMBS = {
    "B5 flat": package("[Content_Types].xml", "xl/workbook.xml", content=b"0" * 30_000_000),
    "B5 nested": package("[Content_Types].xml", "xl/workbook.xml", content=package("x", content=b"0" * 3_000_000) * 40),
    "B5 many entries": package(*[f"f{n}" for n in range(1500)]),
    "B5 overlapping": overlapping(),
    "B5 zip64 lie": zip64_lie(),
    "B5 cut": DOCX[: len(DOCX) // 2],
    "B5 quine": b"PK\x03\x04" + b"\x00" * 200,
}  # fmt: skip


@pytest.mark.parametrize("name", [one for one in BOMBS if one not in {"B5 nested", "B5 zip64 lie"}])
def test_a_bomb_is_refused_without_being_unpacked(name):
    with pytest.raises(ValidationError):
        evidence.check_file(upload("a.xlsx", BOMBS[name]))


@pytest.mark.parametrize("name", ["B5 nested", "B5 zip64 lie"])
def test_what_lies_about_its_size_is_read_no_further_than_the_bound(name):
    """Nothing inside a package inside is opened, and a part is read up to the bound whatever its directory says."""
    try:
        evidence.check_file(upload("a.xlsx", BOMBS[name]))
    except ValidationError:
        return
    assert len(text_of(io.BytesIO(BOMBS[name]), "xlsx")) <= 8 * 1024 * 1024


def test_a_deflated_stream_of_a_pdf_is_not_blown_up():
    content = pdf(b"BT (" + b"0" * 60_000_000 + b") Tj ET")
    assert len(content) < 100_000
    assert len(text_of(io.BytesIO(content), "pdf")) <= 8 * 1024 * 1024


RUNNABLE = b"<script>alert(1)</script>"
POLYGLOTS = {
    "B7 svg": ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "B7 svg as png": ("a.png", b"<?xml version='1.0'?><svg onload='alert(1)'/>"),
    "B7 html": ("a.html", b"<html>" + RUNNABLE),
    "B7 html as txt": ("a.txt", b"<!DOCTYPE html>" + RUNNABLE),
    "B7 html after a bom": ("a.csv", b"\xef\xbb\xbf <html>" + RUNNABLE),
    "B7 pdf and zip": ("a.docx", PDF + DOCX),
    "B7 gif and js": ("a.txt", b"GIF89a=1;alert(1)\x00"),
    "B7 two extensions": ("a.pdf.html", PDF),
    "B7 shortcut": ("a.lnk", b"L\x00\x00\x00"),
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_what_a_browser_would_run_is_refused(name):
    with pytest.raises(ValidationError):
        evidence.check_file(upload(*POLYGLOTS[name]))


@pytest.mark.parametrize(
    ("name", "content"), [("a.pdf", PDF + RUNNABLE), ("a.png", PNG + RUNNABLE), ("a.docx", DOCX)],
    ids=["B7 pdf with html behind", "B7 png with html behind", "B7 docx"],
)  # fmt: skip
def test_what_is_taken_is_never_shown_by_the_browser(client, scene, name, content):
    add(client, scene.record(), (name, content))
    answer = client.get(reverse("evidence-download", args=[Evidence.objects.get().pk]))
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not answer["Content-Type"].startswith(("text/html", "image/svg"))
    assert b"".join(answer.streaming_content) == content
