"""B7: 250 uploads that a browser might run, that lie about their kind, or whose names reach elsewhere.

Each is refused with a reason, or kept under a name of ours and sent as a download that no browser renders. A file of
figures is sent under the same names. Always 25 of them through the pages; with STRESS=1 (`make stress`) all.
"""

import re
import unicodedata

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from indicators.entry import evidence
from indicators.entry.importing import actions
from indicators.models import Evidence
from tests import stress
from tests.entry.scenes import PDF, Scene, log_in
from tests.entry.test_evidence import DOCX, PNG

SCRIPT = b"<script>alert(1)</script>"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"
HTML = b"<!DOCTYPE html><html>" + SCRIPT
RUNNABLE = {
    "svg": ("a.svg", SVG), "svg in capitals": ("a.SVG", SVG), "svgz": ("a.svgz", b"\x1f\x8b\x08" + b"\x00" * 20),
    "svg as png": ("a.png", SVG), "svg as pdf": ("a.pdf", SVG),
    "svg as txt": ("a.txt", b"<?xml version='1.0'?>" + SVG),
    "svg as csv after a bom": ("a.csv", b"\xef\xbb\xbf" + SVG), "html": ("a.html", HTML), "htm": ("a.htm", HTML),
    "xhtml": ("a.xhtml", HTML), "html as txt": ("a.txt", HTML),
    "html as csv after spaces": ("a.csv", b"  \n\t" + HTML), "html as pdf": ("a.pdf", HTML),
    "html as docx": ("a.docx", HTML), "mhtml": ("a.mht", b"MIME-Version: 1.0\n" + HTML),
    "script": ("a.js", b"alert(1)"), "module": ("a.mjs", b"alert(1)"), "php": ("a.php", b"<?php phpinfo(); ?>"),
    "jsp": ("a.jsp", b"<% out.print(1); %>"), "shell": ("a.sh", b"#!/bin/sh\nid\n"),
    "windows": ("a.exe", b"MZ" + b"\x00" * 60), "batch": ("a.bat", b"@echo off"),
    "shortcut": ("a.lnk", b"L\x00\x00\x00"), "web shortcut": ("a.url", b"[InternetShortcut]"),
    "flash": ("a.swf", b"FWS\x09"), "macros": ("a.docm", DOCX), "macro sheet": ("a.xlsm", DOCX),
    "applet": ("a.jar", DOCX), "gif and script": ("a.gif", b"GIF89a=1;alert(1)//"),
    "pdf then docx": ("a.docx", PDF + DOCX), "docx then nothing": ("a.docx", DOCX[:40]),
    "two extensions": ("a.pdf.html", PDF), "hidden type": ("a.html\x00.pdf", HTML),
    "stylesheet": ("a.xsl", b"<xsl:stylesheet/>"), "xml": ("a.xml", b"<?xml version='1.0'?><a/>"),
    "help": ("a.chm", b"ITSF"), "disk image": ("a.iso", b"\x00" * 100), "archive": ("a.zip", DOCX),
    "configuration": (".htaccess", b"AddType text/html .pdf"),
    "user configuration": (".user.ini", b"auto_prepend_file=a.pdf"),
}  # fmt: skip
"""40: each must be refused."""
LYING = {
    "pdf as png": ("a.png", PDF), "png as pdf": ("a.pdf", PNG), "docx as pdf": ("a.pdf", DOCX),
    "pdf as docx": ("a.docx", PDF), "png as docx": ("a.docx", PNG), "docx as png": ("a.png", DOCX),
    "docx as xlsx": ("a.xlsx", DOCX), "docx as jpg": ("a.jpg", DOCX), "binary as txt": ("a.txt", b"\x00\x01\x02"),
    "nothing": ("a.pdf", b""),
}  # fmt: skip
"""10: the name says another kind than the content."""
STEMS = [
    "../../etc/passwd", "..\\..\\windows\\win.ini", "/etc/passwd", "C:\\boot.ini", "\\\\server\\share\\a",
    "....//....//a",
    "%2e%2e%2fa", "..%c0%afa", "a/../../b", "./a", "~root/a", "file:///etc/passwd", "http://127.0.0.1/a", "a\x00b",
    "a\r\nX-Injected: 1",
    'a"; filename="b.html', "a'; rm -rf /", "$(id)", "`id`", "a|b", "a;b", "a&b", "a>b", "<script>alert(1)</script>",
    "{{7*7}}", "%s%n", "CON", "NUL", "aux", "com1", ".", "..", "...", " ", "a ", " a", "-rf", "--help", "a" * 300,
    "é" * 300, "名" * 200, "\u202egpj.exe", "a\u202e", "\u200b", "\ufeffa", "a\u2028b", "\u0301" * 60, "ﷺ",
    "👩‍👩‍👧‍👦", "a\tb",
]  # fmt: skip
"""50 stems, each with four endings: 200 names."""
NAMES = [stem + ending for stem in STEMS for ending in (".pdf", ".PDF", ".pdf.", ".html.pdf")]
TABLE = {
    **{f"B7-{n:03} {what}": one for n, (what, one) in enumerate((RUNNABLE | LYING).items(), 1)},
    **{f"B7-{n:03} name {ascii(name)[1:30]}": (name, PDF) for n, name in enumerate(NAMES, 51)},
}


def upload(name, content):
    file = SimpleUploadedFile("x", content)
    file._name = name  # as a broken client sends it: Django's own form parser keeps the last part alone
    return file


def test_B7_the_table_has_its_250_rows():
    assert len(TABLE) == 250


@pytest.mark.parametrize("row", [one for one in TABLE if " name " not in one])
def test_B7_what_a_browser_would_run_or_what_lies_is_refused(row):
    with pytest.raises(ValidationError) as refusal:
        evidence.check_file(upload(*TABLE[row]))
    assert refusal.value.messages[0]


@pytest.mark.parametrize("row", [one for one in TABLE if " name " in one])
def test_B7_a_name_is_made_ours_or_refused(row):
    for made in (_kept_name(*TABLE[row]), actions.safe_name(TABLE[row][0])):
        if made is None:
            continue
        assert made
        assert len(made) <= 200
        assert not re.search(r"[/\\\x00-\x1f\x7f]", made), made
        assert made not in {".", ".."}
        assert not any(unicodedata.category(c) in {"Cf", "Cc", "Cs"} for c in made), made


def _kept_name(name, content):
    try:
        return evidence.check_file(upload(name, content)).name
    except ValidationError:
        return None


@pytest.mark.parametrize("row", list(TABLE)[:: 1 if stress.FULL else 10])
def test_B7_what_is_kept_is_never_rendered(row, client, settings, tmp_path, db):
    settings.MEDIA_ROOT = tmp_path
    scene = Scene()
    log_in(client, scene.officer)
    draft = scene.record()

    answer = client.post(reverse("evidence-add", args=[draft.pk]), {"evidence_files": [upload(*TABLE[row])]})

    assert answer.status_code in {302, 400, 422}
    kept = Evidence.objects.first()
    assert (kept is not None) == (answer.status_code == 302)
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == Evidence.objects.count()
    if kept is None:
        return
    assert re.fullmatch(r"[\w./-]+", kept.file.name), kept.file.name
    sent = client.get(reverse("evidence-download", args=[kept.pk]))
    assert sent["Content-Disposition"].startswith("attachment")
    assert "\n" not in sent["Content-Disposition"]
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert not sent["Content-Type"].startswith(("text/html", "image/svg", "application/xhtml", "text/xml"))
    assert b"".join(sent.streaming_content) == TABLE[row][1]
