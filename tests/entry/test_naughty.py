"""Texts that broke others: kept exactly as given or refused with a message; never an error of the server."""

import json
import os
from pathlib import Path

import pytest
from django.urls import reverse

from indicators.models import Observation
from tests.entry.scenes import Scene, log_in

pytestmark = pytest.mark.django_db
OWN = [
    "", "undefined", "null", "NULL", "(null)", "nil", "NaN", "true", "0", "-0", "1/0", "1E+02", "0x0", "1,000.00",
    "٠١٢", "ＮＡ", "<script>alert(1)</script>", "'; DROP TABLE observation; --", "$(touch /tmp/x)", "../../etc/passwd",
    "{{ 7*7 }}", "%s%n%d", "%(text)s", "\u202eabc", "\u200b", "👩‍👩‍👧‍👦", "Z̮̞̠͙͔", "ﷺ", "\ufeff", "\ufffe",
    "a\rb", "\t", "\x7f", "\x85",
    "=1+1", "@SUM(1)", "CON", "NUL", "é" * 4000, "\U0010ffff", "‏النص", "\u2028line",
]  # fmt: skip


def naughty_strings():
    """Our own, and the Big List of Naughty Strings where NAUGHTY_STRINGS names its blns.json."""
    path = os.environ.get("NAUGHTY_STRINGS")
    if not path:
        return OWN
    return OWN + [text for text in json.loads(Path(path).read_text("utf-8")) if "\x00" not in text]


def test_every_naughty_text_in_every_field_is_kept_or_refused(client):
    scene = Scene()
    log_in(client, scene.officer)
    address = reverse("observation-new", args=[scene.indicator.pk])
    good = {
        "period": scene.q3.pk, "as_of": "2025-09-30", "reliability": "B", "credibility": "2", "step": "draft",
        "marking": "NATO UNCLASSIFIED", "numerator": "30", "denominator": "60",
    }  # fmt: skip
    for text in naughty_strings():
        everywhere = client.post(
            address, dict.fromkeys([*good, "comment", "evidence_link", "unit", "by-sex"], text)
        )
        assert everywhere.status_code == 422, text
        answer = client.post(address, good | {"comment": text})
        assert answer.status_code in {302, 422}, text
        if answer.status_code == 302:
            kept = Observation.objects.get()
            assert (
                kept.comment == text.strip().replace("\r\n", "\n").replace("\r", "\n")
                or kept.comment == text.strip()
            )
            assert client.get(kept.get_absolute_url()).status_code == 200
            kept.delete()


@pytest.mark.parametrize("parameter", ["period", "unit", "cell", "numerator", "denominator"])
def test_every_naughty_text_in_an_address_is_answered(client, parameter):
    scene = Scene()
    log_in(client, scene.officer)
    for text in OWN:
        for name in ("observation-new", "observation-beside", "observation-computed"):
            address = reverse(name, args=[scene.indicator.pk])
            assert client.get(address, {parameter: text}).status_code == 200, (name, text)


def test_a_nul_is_refused_before_it_reaches_anything(client):
    scene = Scene()
    log_in(client, scene.officer)

    answer = client.post(reverse("observation-new", args=[scene.indicator.pk]), {"comment": "a\x00b"})

    assert answer.status_code in {400, 422}
    assert not Observation.objects.exists()
