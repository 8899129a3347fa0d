"""Evidence: what a file is, not what it says; kept once under its hash; only ever downloaded."""

import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from indicators.entry import evidence
from indicators.models import Event, Evidence, Observation, State
from tests.entry.scenes import PDF, Scene, log_in
from tests.factories import make_partner, make_user

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 20


def package(*names, compress=zipfile.ZIP_DEFLATED, content=b"<x/>"):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", compress) as archive:
        for name in names:
            archive.writestr(name, content)
    return made.getvalue()


XLSX = package("[Content_Types].xml", "xl/workbook.xml")
DOCX = package("[Content_Types].xml", "word/document.xml")


def check(name, content):
    return evidence.check_file(SimpleUploadedFile(name, content, content_type="text/html"))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("A.PDF", PDF, "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", JPEG, "image/jpeg"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.xlsx", XLSX, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.docx", DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.csv", b"a,b\n1,2\n", "text/csv"),
        ("a.txt", "\ufeffعشرة مواقع".encode(), "text/plain"),
    ],
)
def test_a_file_is_taken_for_what_it_is(name, content, kind):
    checked = check(name, content)

    assert (checked.content_type, checked.size, len(checked.sha256)) == (kind, len(content), 64)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("a.html", b"<html><script>alert(1)</script></html>"),
        ("a.txt", b"<html><script>alert(1)</script></html>"),
        ("a.csv", b"  <!DOCTYPE html><p>"),
        ("a.txt", b"x\n<script>alert(1)</script>"),
        ("a.png", b"<svg></svg>"),
        ("a.pdf", b"GIF89a %PDF-"),
        ("a.pdf", PNG),
        ("a.jpg", PDF),
        ("a.exe", b"MZ\x90\x00"),
        ("a.pdf.exe", PDF),
        ("a", PDF),
        (".pdf", PDF),
        ("a.csv", b"a\x00b"),
        ("a.csv", b"\xff\xfea\x00"),
        ("a.zip", package("x")),
        ("a.xlsx", package("x")),
        ("a.docx", XLSX),
        ("a.xlsx", package("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")),
        ("a.xlsx", package("[Content_Types].xml", "xl/workbook.xml", content=b"0" * 5_000_000)),
        ("a.xlsx", package(*[f"f{i}" for i in range(1001)])),
        ("a.xlsx", b"PK\x03\x04 broken"),
        ("a.txt", b""),
        ("a.txt", b"NATO SECRET\nConvoys"),
        ("NATO SECRET.pdf", PDF),
    ],
)
def test_anything_else_is_refused(name, content):
    with pytest.raises(ValidationError):
        check(name, content)


def test_an_encrypted_package_is_refused():
    content = bytearray(XLSX)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(signature)
        content[at + offset] |= 1

    with pytest.raises(ValidationError, match="encrypted"):
        check("a.xlsx", bytes(content))


def test_a_file_above_the_limit_is_refused_with_both_sizes(settings):
    settings.EVIDENCE_MAX_BYTES = 1024 * 1024

    with pytest.raises(ValidationError, match=r"it has 1\.5 MB; at most 1 MB"):
        check("a.txt", b"x" * (3 * 512 * 1024))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Users\\a\\sheet.pdf", "sheet.pdf"),
        ("fdp.\u202etxt", "fdp.txt"),
        ("a\r\nX: y.pdf", "aX: y.pdf"),
        ('a"; filename="b.pdf', 'a"; filename="b.pdf'),
        ("تقرير.pdf", "تقرير.pdf"),
        ("x" * 500 + ".pdf", "x" * 116 + ".pdf"),
        ("...", "file"),
        ("", "file"),
    ],
)
def test_a_name_is_made_safe(given, kept):
    assert evidence.safe_name(given) == kept


@pytest.fixture
def scene(settings, tmp_path, db):
    settings.MEDIA_ROOT = tmp_path
    return Scene()


def attach(observation, *files, by, **more):
    return evidence.add_evidence(
        observation=observation,
        files=evidence.check_files(SimpleUploadedFile(name, content) for name, content in files),
        by=by,
        at=timezone.now(),
        **more,
    )


def test_the_same_content_is_stored_once_under_its_hash(scene, tmp_path):
    first, second = scene.record(), scene.record(period=scene.quarters[5])
    attach(first, ("a.pdf", PDF), ("b.pdf", PDF), by=scene.officer)
    attach(first, ("a.pdf", PDF), by=scene.officer)
    attach(second, ("other name.pdf", PDF), by=scene.officer)

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    one = Evidence.objects.first()
    assert [path.name for path in files] == [one.sha256]
    assert Evidence.objects.count() == 2
    assert Event.objects.filter(verb="evidence added").count() == 2


def test_a_file_is_downloaded_and_never_shown(client, scene):
    observation = scene.record()
    (one,) = attach(observation, ('Ünï "x"\u202e.pdf', PDF), by=scene.officer)
    log_in(client, scene.officer)

    answer = client.get(reverse("evidence-download", args=[one.pk]))

    assert b"".join(answer.streaming_content) == PDF
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment; filename*=utf-8''")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]


def test_evidence_is_seen_by_whoever_sees_its_observation(client, scene):
    draft = scene.record()
    (one,) = attach(draft, ("a.pdf", PDF), by=scene.officer)
    iraq = scene.programme.partners.get()
    viewer = make_user(global_role="partner_viewer", partner=iraq)
    address = reverse("evidence-download", args=[one.pk])
    cast = {
        scene.officer: 200,
        make_user(programme=scene.programme, role="reader"): 200,
        Scene().officer: 404,
        viewer: 404,
        make_user(global_role="partner_viewer", partner=make_partner("JOR")): 404,
    }
    for person, code in cast.items():
        log_in(client, person)
        assert client.get(address).status_code == code

    scene.indicator.releasable_to.add(iraq)
    log_in(client, viewer)
    assert client.get(address).status_code == 404  # still a draft
    Observation.objects.filter(pk=draft.pk).update(
        state=State.APPROVED, submitted_by=scene.officer, submitted_at=timezone.now(),
        decided_by=scene.approver, decided_at=timezone.now(),
    )  # fmt: skip
    assert client.get(address).status_code == 200
    client.logout()
    assert client.get(address).status_code == 302


def test_a_link_is_no_file(client, scene):
    (one,) = attach(scene.record(), link="https://example.org/a", by=scene.officer)
    log_in(client, scene.officer)

    assert client.get(reverse("evidence-download", args=[one.pk])).status_code == 404


@pytest.mark.parametrize(
    "given",
    [
        "javascript:alert(1)",
        "ftp://a.example/b",
        "https://user:pw@example.org/",
        "nonsense",
        "http://" + "a" * 600,
    ],
)
def test_a_link_that_is_no_web_address_is_refused(given):
    with pytest.raises(ValidationError):
        evidence.clean_link(given)
