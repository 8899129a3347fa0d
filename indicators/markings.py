"""Is there a classification marking in a text? Says yes or no; what matched is never returned, stored or logged.

The tracker holds at most NATO UNCLASSIFIED (METHOD 4.6). A word such as “secret” is no marking: marking grammar is
asked for, so that “secret ballot”, “NR” as a country code or “NATO restricted the flights” pass. No automatic check can
prove that a text is unclassified; whoever enters it declares it too.
"""

from __future__ import annotations

import re
import unicodedata

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

NATIONAL_MARKINGS = (
    "TOP SECRET",
    "SECRET UE",
    "EU SECRET",
    "CONFIDENTIEL UE",
    "EU CONFIDENTIAL",
    "RESTREINT UE",
    "EU RESTRICTED",
    "TRÈS SECRET",
    "SECRET DÉFENSE",
    "CONFIDENTIEL DÉFENSE",
    "DIFFUSION RESTREINTE",
    "STRENG GEHEIM",
    "VS-VERTRAULICH",
    "VS-NUR FÜR DEN DIENSTGEBRAUCH",
    "OFFICIAL-SENSITIVE",
    "SEGRETISSIMO",
    "RISERVATISSIMO",
    "ÇOK GİZLİ",
    "سري للغاية",
)
"""Written in capitals they are markings. The setting REFUSED_MARKINGS replaces this list."""

_LEVELS = "secret|confidential|restricted"
_GAP = r"[\s_/\-–]+"
_PATTERNS = (
    re.compile(rf"\bNATO{_GAP}(?:SECRET|CONFIDENTIAL|RESTRICTED|Secret|Confidential|Restricted)\b"),
    re.compile(rf"(?im)^\W*nato{_GAP}(?:{_LEVELS})\W*$"),
    re.compile(
        rf"(?i)\b(?:classified|classification|marked|marking)\W+(?:as\W+)?(?:nato{_GAP})?(?:{_LEVELS})\b"
    ),
    re.compile(rf"(?i)\bcosmic{_GAP}top{_GAP}secret\b"),
    re.compile(r"\b(?:COSMIC|ATOMAL|BOHEMIA)\b"),
    re.compile(r"\b(?:SECRET|CONFIDENTIAL|S|C|TS)//[A-Z]"),
    re.compile(r"[(\[]\s*(?:NS|NC|CTS|CTS-B|NS-A|NSAT|CTSA)\s*[)\]]"),
    # “(NR)” may stand after the name of a country: a portion mark opens a paragraph or a sentence.
    re.compile(r"(?m)(?:^|[.;:!?]\s)\s*[(\[]\s*NR\s*[)\]]"),
)
_INVISIBLE = dict.fromkeys([0x00AD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF])


def carries_marking(text: str) -> bool:
    """Whether the text carries a marking above NATO UNCLASSIFIED."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    if any(pattern.search(plain) for pattern in _PATTERNS):
        return True
    refused = getattr(settings, "REFUSED_MARKINGS", NATIONAL_MARKINGS)
    return any(re.search(rf"(?<!\w){re.escape(one)}(?!\w)", plain) for one in refused)


def check_marking(text: str) -> None:
    """Raise ValidationError if the text carries a marking; the error does not repeat the text."""
    if carries_marking(text):
        raise ValidationError(
            _(
                "This carries a marking above NATO UNCLASSIFIED, which this system must not hold. Nothing of it was "
                "stored. Tell your security officer if classified information was typed or uploaded here."
            ),
            code="marking",
        )
