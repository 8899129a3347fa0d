"""Each main page with the demo data: no console error, no sideways scroll on a phone, no accessibility violation."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.management import call_command

from indicators.models import CompositeIndex, Observation, ProgrammeIndicator

PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def demo(transactional_db, tmp_path):
    """User names and passwords of the demo."""
    logins = tmp_path / "logins.txt"
    call_command("seed_demo", "--logins-file", str(logins), verbosity=0)
    return dict(re.findall(r"^(\S+)\s+(\S+)", logins.read_text(), re.MULTILINE))


def pages():
    ratio = ProgrammeIndicator.objects.get(programme__code="NMI", definition__code="NMI-08")
    ordinal = ProgrammeIndicator.objects.filter(programme__code="NMI", version__value_type="ordinal").first()
    draft = Observation.objects.filter(indicator=ratio, state="draft").first() or ratio.observations.last()
    figure = Observation.objects.filter(indicator=ratio, state="approved").last()
    return {
        "officer.nmi": [
            "/due/",
            f"/log/{ratio.pk}/",
            f"/log/{ordinal.pk}/",
            figure.get_absolute_url(),
            f"/programmes/NMI/enter/{draft.period_id}/",
            f"/programmes/NMI/enter/{draft.period_id}/submit/",
            f"/programmes/NMI/indicators/{ordinal.pk}/enter/",
        ],
        "approver.nmi": ["/review/"],
        "evaluator": ["/portfolio/", "/assessments/", ratio.get_absolute_url()],
        "admin": [
            "/programmes/",
            "/programmes/new/",
            "/programmes/NMI/",
            "/programmes/NMI/design/",
            "/programmes/NMI/indices/new/",
            CompositeIndex.objects.get().get_absolute_url(),
            "/programmes/NMI/units/",
            "/programmes/NMI/members/",
            "/programmes/NMI/indicators/add/",
            f"/programmes/NMI/indicators/{ratio.pk}/target/",
            "/schedule/",
            "/people/",
            "/account/",
            "/notices/",
            "/evaluations/",
            "/recommendations/",
            "/lessons/",
            "/early-verdicts/",
            "/documents/",
            "/search/?q=border",
            "/rules/",
            "/events/",
            "/sameness/",
        ],
        "regional": ["/region/", "/context/", "/library/", "/library/NMI-08/"],
        "viewer.kwt": ["/portfolio/"],
    }


def test_each_page_fits_a_phone_and_can_be_used_by_everybody(demo, browse):
    problems = []
    for username, addresses in pages().items():
        page = browse(username, demo[username], viewport=DESKTOP)
        for address in addresses:
            page.set_viewport_size(DESKTOP)
            assert page.goto(address).status == 200, address
            problems += [f"{address}: {found}" for found in violations(page)]
            page.set_viewport_size(PHONE)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                problems.append(f"{address}: {width} pixels wide on a phone of {PHONE['width']}")
            problems += [f"{address}: prints {name}" for name in printed_controls(page)]

    assert not problems, "\n".join(problems)


def violations(page):
    found = Axe().run(page)
    return [f"{v['id']}: {v['nodes'][0]['html'][:140]}" for v in found.response["violations"]]


def printed_controls(page):
    """What one can press or narrow with, seen on paper: it has no use there."""
    page.emulate_media(media="print")
    found = page.evaluate(
        """() => [...document.querySelectorAll("header.topbar, nav.sidebar, button, .button, .filters, .pagination")]
            .filter(e => e.checkVisibility() && e.getBoundingClientRect().width > 1)
            .map(e => e.outerHTML.slice(0, 80))"""
    )
    page.emulate_media(media="screen")
    return found


def test_arabic_mirrors_the_page(demo, browse):
    page = browse("admin", demo["admin"], locale="ar")
    page.goto("/portfolio/")

    assert page.evaluate("document.documentElement.dir") == "rtl"
    menu = page.locator("nav").first.bounding_box()
    main = page.locator("main").bounding_box()
    assert menu["x"] > main["x"]
