"""What the strict content policy forbids does not stand in a template; vendored files are what they say."""

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
VENDOR = ROOT / "indicators" / "static" / "indicators" / "vendor"

FORBIDDEN = {
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*="),
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)[^>]*>"),
    "a script address": re.compile(r"javascript:"),
    "an address outside": re.compile(r"""(?:src|href)=["'](?:https?:)?//"""),
}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_a_template_keeps_to_the_content_policy(path):
    text = re.sub(r"\{%\s*comment\b.*?endcomment\s*%\}", "", path.read_text(), flags=re.S)

    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


def test_the_content_policy_allows_our_own_files_only():
    assert settings.SECURE_CSP["script-src"] == ["'self'"]
    assert settings.SECURE_CSP["style-src"] == ["'self'"]


def test_vendored_files_are_what_the_list_says():
    listed = re.findall(r"\| `([\w.-]+)` \|.*`([0-9a-f]{64})`", (VENDOR / "VENDORED.md").read_text())

    assert [name for name, _ in listed] == ["htmx-2.0.11.min.js"]
    for name, digest in listed:
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
        assert name in (ROOT / "templates" / "base.html").read_text()


def test_htmx_may_run_nothing_that_it_fetches():
    base = (ROOT / "templates" / "base.html").read_text()

    for switch in ('"allowEval":false', '"allowScriptTags":false', '"includeIndicatorStyles":false'):
        assert switch in base
    assert '"selfRequestsOnly":true' in base
