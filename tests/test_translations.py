"""French and Arabic texts: complete, compiled, and with the same gaps to fill as the English ones."""

import gettext
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext

from indicators.templatetags.ui import day

FOLDER = Path(settings.LOCALE_PATHS[0])
LANGUAGES = ["fr", "ar"]
GAP = re.compile(r"%\(\w+\)[a-z]|%[sd](?!\w)|\{\w*\}|</?\w+[^>]*>")
POSITIONAL = re.compile(r"%[sd](?!\w)")


def file_of(language: str, kind: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / f"django.{kind}"


def compiled(language: str) -> dict:
    with file_of(language, "mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog
    return {key: text for key, text in catalogue.items() if key != ""}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_in_english(language):
    source = file_of(language, "po").read_text()
    assert "\n#, fuzzy" not in source
    singular = len(re.findall(r"^msgid ", source, re.M)) - 1
    known = {key[0] if isinstance(key, tuple) else key for key in compiled(language)}
    assert singular > 4_000
    assert len(known) == singular, "some are not translated or not compiled: `make messages`"


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="gettext (msgfmt) is not installed")
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_is_written(language, tmp_path):
    fresh = tmp_path / "django.mo"
    subprocess.run(
        ["msgfmt", "--check-format", "-o", str(fresh), str(file_of(language, "po"))], check=True, timeout=60
    )
    with fresh.open("rb") as file:
        again = gettext.GNUTranslations(file)._catalog
    assert {key: text for key, text in again.items() if key != ""} == compiled(language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_the_gaps_of_its_english(language):
    wrong = []
    for key, text in compiled(language).items():
        english = key[0] if isinstance(key, tuple) else key
        english = english.rpartition("\x04")[2]
        if isinstance(key, tuple):  # One of several forms may do without its number, never with another gap.
            if POSITIONAL.findall(english) and not POSITIONAL.findall(text):
                wrong.append((english, text))
        elif sorted(GAP.findall(english)) != sorted(GAP.findall(text)):
            wrong.append((english, text))
    assert wrong == []


def test_numbers_take_the_forms_of_their_language():
    said = {}
    for language in LANGUAGES:
        with translation.override(language):
            said[language] = [
                ngettext("%(count)s notice", "%(count)s notices", n) % {"count": n} for n in (0, 1, 2, 5, 11)
            ]
    assert len(set(said["ar"])) == 5
    assert said["fr"][0].endswith("avis")


def test_a_french_june_is_no_july():
    with translation.override("fr"):
        assert [day(date(2026, month, 30)) for month in (6, 7)] == ["30 juin 2026", "30 juil. 2026"]
    with translation.override("en"):
        assert day(date(2026, 6, 30)) == "30 Jun 2026"
