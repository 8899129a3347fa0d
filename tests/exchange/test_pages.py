"""The pages of published files: look first, then keep; nothing is kept by looking."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from lxml import etree

from indicators.models import ContextRelease, Observation, Programme
from tests import factories as make
from tests.exchange.scenes import ORGANISATION, activity, indicator, period
from tests.exchange.test_context_loading import GOVERNANCE, TIDY

pytestmark = pytest.mark.django_db
EMPTY = b"<iati-activities version='2.03'/>"


@pytest.fixture
def admin(client):
    make.make_partner("IRQ", alpha2="IQ", name="Iraq")
    admin = make.make_admin()
    client.force_login(admin)
    return admin


def xml(*activities):
    content = f'<iati-activities version="2.03">{"".join(activities)}</iati-activities>'
    return SimpleUploadedFile("../a b.xml", content.encode(), "text/xml")


def csv(content):
    return SimpleUploadedFile("c.csv", content.encode(), "text/csv")


def token_of(page):
    return page.context["token"]


def test_a_file_is_looked_into_and_then_kept(client, admin):
    given = activity(indicator(period("12", "20"), baseline="10"), indicator(period("null"), title="Second"))

    looked = client.post(reverse("iati-import"), {"file": xml(given)})

    assert looked.status_code == 200
    assert not Programme.objects.exists()
    text = looked.content.decode()
    assert "What the file would do" in text
    assert "null" in text

    kept = client.post(reverse("iati-import"), {"token": token_of(looked)})
    assert "What was kept" in kept.content.decode()
    assert Observation.objects.get().state == "submitted"

    again = client.post(reverse("iati-import"), {"file": xml(given)})
    assert "token" not in again.context
    assert "here already" in again.content.decode()


def test_a_choice_on_the_page_names_the_programme(client, admin):
    make.make_programme("OLD")
    looked = client.post(
        reverse("iati-import"), {"file": xml(activity(indicator(period("12")))), "choices": "XX-1-A1=OLD"}
    )
    client.post(reverse("iati-import"), {"token": token_of(looked)})

    assert Observation.objects.get().indicator.programme.code == "OLD"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No file was chosen"),
        ({"file": SimpleUploadedFile("a.xml", b"<!DOCTYPE a><a/>")}, "DOCTYPE"),
        ({"file": SimpleUploadedFile("a.xml", b"\x00")}, "cannot be read"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "choices": "x"}, "identifier=CODE"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "choices": "a\x00=b"}, "Null"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_beside_the_file(client, admin, given, said):
    page = client.post(reverse("iati-import"), given)

    assert page.status_code == 422
    assert said in page.content.decode()


@pytest.mark.parametrize("name", ["iati-import", "context-load"])
@pytest.mark.parametrize("token", ["", "x", "a:b:c", "\x00", "é" * 50])
def test_a_token_that_is_none_of_ours_keeps_nothing(client, admin, name, token):
    page = client.post(reverse(name), {"token": token})

    assert page.status_code == 409
    assert "choose the file again" in page.content.decode()


def test_a_token_of_one_page_is_no_token_of_the_other(client, admin):
    looked = client.post(reverse("iati-import"), {"file": xml(activity(indicator(period("12"))))})

    assert client.post(reverse("context-load"), {"token": token_of(looked)}).status_code == 409


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


def test_a_machine_sends_a_file_and_gets_the_same_report(client, admin):
    path = reverse("api-iati-import")
    given = activity(indicator(period("12")), indicator(period("null"), title="Second"))

    tried = client.post(path, {"file": xml(given), "dry_run": "true"}).json()
    assert (tried["kept"], tried["indicators_new"], tried["figures_left_out"]) == (False, 2, 1)
    assert tried["programmes"] == {"XX-1-A1": "A1"}
    assert (tried["findings"][0]["found"], tried["findings"][0]["effect"]) == ("null", "left_out")
    assert not Programme.objects.exists()

    assert client.post(path, {"file": xml(given)}).json()["kept"]
    assert Observation.objects.get().state == "submitted"
    assert client.post(path, {"file": xml(given), "strict": "true"}).json()["kept"] is False


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "No file was sent"),
        ({"file": SimpleUploadedFile("a.xml", b"<html/>")}, "iati-activities"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "activity": "x"}, "identifier=CODE"),
        ({"file": SimpleUploadedFile("a.xml", EMPTY), "dry_run": "perhaps"}, "dry_run"),
    ],
)
def test_a_machine_is_told_what_is_wrong(client, admin, given, said):
    answer = client.post(reverse("api-iati-import"), given)

    assert answer.status_code == 400
    assert said in answer.json()["detail"]


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
