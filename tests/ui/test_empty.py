"""A new installation: each page that has nothing to show says where to begin."""

import pytest
from django.urls import reverse

from tests.factories import make_admin

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("portfolio", "programme-new"),
        ("programme-list", "programme-new"),
        ("admin-schedule", "programme-new"),
        ("programme-new", "admin:indicators_partner_add"),
        ("assessment-list", "programme-list"),
        ("document-list", "programme-list"),
        ("evaluation-list", "assessment-list"),
        ("early-verdicts", "assessment-list"),
        ("lesson-list", "evaluation-list"),
        ("context-list", "context-load"),
    ],
)
def test_an_empty_page_leads_on(client, page, leads_to):
    client.force_login(make_admin("admin"))

    main = client.get(reverse(page)).content.decode().partition('id="main"')[2]

    assert f'href="{reverse(leads_to)}"' in main


def test_filters_that_nothing_fits_can_be_taken_away(client):
    client.force_login(make_admin("admin"))

    main = client.get(reverse("assessment-list"), {"kind": "ex_post"}).content.decode()

    assert "No assessment fits these filters" in main
    assert "No assessment yet" not in main
