"""The pages of published files: look first, then keep; nothing is kept by looking."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from lxml import etree

from indicators.models import ContextRelease
from tests import factories as make
from tests.exchange.scenes import ORGANISATION
from tests.exchange.test_context_loading import GOVERNANCE, TIDY

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    admin = make.make_admin()
    client.force_login(admin)
    return admin


def csv(content):
    return SimpleUploadedFile("c.csv", content.encode(), "text/csv")


def token_of(page):
    return page.context["token"]


@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\x00", "é" * 50])
def test_a_token_that_is_none_of_ours_keeps_nothing(client, admin, token):
    page = client.post(reverse("context-load"), {"token": token})

    assert page.status_code == 409
    assert "choose the file again" in page.content.decode()


def test_an_edition_is_looked_into_and_then_kept_and_its_changes_are_shown(client, admin):
    for vintage, content in (("2024", GOVERNANCE), ("2025", GOVERNANCE.replace("-1.2345678", "-1.1"))):
        looked = client.post(reverse("context-load"), {"file": csv(content), "vintage": vintage})
        assert ContextRelease.objects.filter(vintage=vintage).count() == 0
        assert "Chad" in looked.content.decode()
        kept = client.post(reverse("context-load"), {"token": token_of(looked)}, follow=True)
        assert "1 value of" in kept.content.decode()

    text = client.get(reverse("context-detail", args=["WGI-CC"])).content.decode()
    assert "What changed from “2024” to “2025”" in text
    assert "−1.235 ± 0.150" in text
    assert "+0.135" in text
    again = client.post(reverse("context-load"), {"file": csv(GOVERNANCE), "vintage": "2024"})
    assert "token" not in again.context
    assert "stored already" in again.content.decode()


def test_bad_cells_of_an_edition_are_listed(client, admin):
    bad = csv(TIDY.replace("1.5", "x"))
    told = {"vintage": "1", "series": "ready", "name": "A", "publisher": "B", "unit": "c", "licence": "CC0"}

    page = client.post(reverse("context-load"), {"file": bad} | told)

    assert page.status_code == 422
    assert "Refused cells" in page.content.decode()
    assert not ContextRelease.objects.exists()


def test_what_a_new_series_needs_stands_at_its_fields(client, admin):
    page = client.post(reverse("context-load"), {"file": csv(TIDY), "vintage": "1", "series": "READY"})

    assert page.status_code == 422
    assert set(page.context["form"].errors) == {"name", "publisher", "unit", "licence"}


def test_the_page_of_a_series_asks_the_same_few_queries(client, admin, django_assert_max_num_queries):
    def load(vintage, content):
        looked = client.post(reverse("context-load"), {"file": csv(content), "vintage": vintage})
        client.post(reverse("context-load"), {"token": token_of(looked)})

    rows = "".join(f"Iraq,{year},cc,{year / 1000},0.1\n" for year in range(2000, 2010))
    load("2024", GOVERNANCE)
    load("2025", GOVERNANCE + rows)
    with django_assert_max_num_queries(12):
        client.get(reverse("context-detail", args=["WGI-CC"]))


# --- Out ---------------------------------------------------------------------------------------------------------


def test_the_file_of_a_programme(client, admin, settings):
    settings.IATI_ORGANISATION = ORGANISATION
    programme = make.make_programme("OWN")
    make.make_observation(make.make_indicator(programme), make.make_quarters(programme)[0])

    answer = client.get(reverse("programme-iati", args=["OWN"]))

    assert answer["Content-Disposition"] == 'attachment; filename="OWN.iati.xml"'
    assert etree.fromstring(answer.content).xpath("string(//iati-identifier)") == "XM-TEST-1-OWN"
    assert (
        etree.fromstring(client.get("/programmes/OWN/export.iati.xml?public=1").content).xpath("//actual")
        == []
    )
    by_machine = client.get(reverse("api-programme-iati", args=["OWN"]))
    assert by_machine["Content-Type"] == "application/xml"
    assert etree.fromstring(by_machine.content).xpath("//actual/@value") == ["50"]


def test_before_it_is_set_who_publishes_pages_and_machine_say_what_is_missing(client, admin, settings):
    settings.IATI_ORGANISATION = ORGANISATION | {"ref": ""}
    make.make_programme("OWN")

    page = client.get(reverse("programme-iati", args=["OWN"]))
    assert page.status_code == 409
    assert "IATI_ORGANISATION_REF" in page.content.decode()
    answer = client.get(reverse("api-programme-iati", args=["OWN"]))
    assert answer.status_code == 400
    assert "IATI_ORGANISATION_REF" in answer.json()["detail"]
