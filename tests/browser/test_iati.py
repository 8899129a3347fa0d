"""An IATI file in a real browser: sent, its progress moves by itself, what it would do is seen, and kept."""

import re

import pytest
from playwright.sync_api import expect

from indicators.exchange import iati_running
from indicators.models import Observation
from tests import factories as make
from tests.exchange.scenes import AT, activity, indicator, period

pytestmark = pytest.mark.django_db(transaction=True)
GOOD = activity(indicator(period("12", "20"), baseline="10"), indicator(period("null"), title="Second"))
OPEN = activity(indicator(period("3")), identifier="XX-1-A2", country="")
FILE = {
    "name": "results of 2024.xml",
    "mimeType": "text/xml",
    "buffer": f'<iati-activities version="2.03">{GOOD}{OPEN}</iati-activities>'.encode(),
}


def test_a_file_is_sent_followed_looked_at_and_kept(browse):
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    page = browse(make.make_admin("ada").username)
    page.goto("/import/iati/")
    page.set_input_files("[name=file]", [FILE])
    page.get_by_role("button", name="Look into the file").click()

    expect(page.locator("#progress")).to_contain_text("Waiting for a worker")
    iati_running.run_waiting(at=lambda: AT)
    expect(page.get_by_role("heading", name="What the file would do")).to_be_visible()
    expect(page.locator("main")).to_contain_text("XX-1-A2")
    assert not Observation.objects.exists()

    page.get_by_role("button", name="Keep what can be taken").click()
    expect(page.locator("#progress")).to_be_visible()
    iati_running.run_waiting(at=lambda: AT)
    expect(page.get_by_role("heading", name="What was kept")).to_be_visible()
    expect(page.get_by_role("link", name="A1", exact=True)).to_have_attribute(
        "href", re.compile("/programmes/A1/")
    )
    assert Observation.objects.get().state == "submitted"
