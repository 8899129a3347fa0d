"""Markings above NATO UNCLASSIFIED are refused; words that only look like them pass."""

import pytest
from django.core.exceptions import ValidationError

from indicators.markings import carries_marking, check_marking


@pytest.mark.parametrize(
    "text",
    [
        "NATO SECRET",
        "Taken from a NATO SECRET report",
        "NATO CONFIDENTIAL",
        "NATO RESTRICTED",
        "Nato Secret",
        "NATO Restricted annex",
        "nato secret",
        "header\nnato confidential\nbody",
        "this is classified nato secret",
        "Classification: SECRET",
        "marked as confidential by the ministry",
        "COSMIC TOP SECRET",
        "cosmic top secret",
        "COSMIC",
        "NATO_SECRET.pdf",
        "NATO\u00a0SECRET",
        "NA\u200bTO SEC\u00adRET",
        "ＮＡＴＯ ＳＥＣＲＥＴ",
        "(NS) The convoy leaves at dawn.",
        "The convoy (NS) leaves at dawn.",
        "(CTS) text",
        "[NC] text",
        "(NR) The posts are empty.",
        "First part. (NR) Second part.",
        "SECRET//NOFORN",
        "TOP SECRET",
        "TRÈS SECRET",
        "VS-NUR FÜR DEN DIENSTGEBRAUCH",
        "سري للغاية",
    ],
)
def test_a_marking_is_refused(text):
    assert carries_marking(text)
    with pytest.raises(ValidationError) as refusal:
        check_marking(text)
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NATO UNCLASSIFIED",
        "The secret ballot was held on time.",
        "NATO Secretary General",
        "NATO restricted the flights over the sector.",
        "Participants from Nauru (NR) and Niger (NE)",
        "Restricted access to the site delayed the inspection.",
        "confidential helpline for staff",
        "cosmic rays",
        "a top secretary",
        "The secretariat of NATO",
        "NS and NR are abbreviations",
        "سرية التصويت",
    ],
)
def test_an_ordinary_text_passes(text):
    assert not carries_marking(text)
    check_marking(text)


def test_the_list_of_national_markings_can_be_changed(settings):
    settings.REFUSED_MARKINGS = ("HEMLIG",)

    assert carries_marking("HEMLIG uppgift")
    assert not carries_marking("TRÈS SECRET")


def test_a_long_text_is_read_quickly():
    assert not carries_marking("NATO " * 200_000 + "( " * 1000)
