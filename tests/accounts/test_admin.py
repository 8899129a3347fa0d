"""The back office: who opens it, what may be changed there, and that every change is remembered."""

import pytest
from django.contrib import admin
from django.urls import reverse

from indicators import models
from indicators.admin import ReadOnly
from indicators.models import Event, Partner
from tests.factories import make_admin, make_partner, make_programme, make_user, make_version

pytestmark = pytest.mark.django_db
OURS = sorted(
    (model for model, page in admin.site._registry.items() if isinstance(page, ReadOnly)),
    key=lambda m: m.__name__,
)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_an_administrator_reads_every_list(client, model):
    make_programme()
    make_version()
    client.force_login(make_admin(is_staff=True))

    assert client.get(reverse(f"admin:indicators_{model._meta.model_name}_changelist")).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_staff_without_the_right_see_nothing(client, model):
    client.force_login(make_user(is_staff=True))

    assert client.get(reverse(f"admin:indicators_{model._meta.model_name}_changelist")).status_code == 403


def test_reference_data_is_changed_with_an_event(client):
    person = make_admin(is_staff=True)
    client.force_login(person)
    partner = make_partner()

    answer = client.post(
        reverse("admin:indicators_partner_change", args=[partner.pk]),
        {"code": "IRQ", "alpha2": "IR", "name": "Iraq", "framework": "NMI", "context_profile": ""},
    )

    assert answer.status_code == 302
    assert Partner.objects.get().name == "Iraq"
    event = Event.objects.get(verb="changed reference data")
    assert (event.by_id, event.before, event.after) == (person.pk, {"name": "Country IRQ"}, {"name": "Iraq"})


def test_facts_are_not_changed_there(client):
    client.force_login(make_admin(is_staff=True))
    programme = make_programme()

    url = reverse("admin:indicators_programme_change", args=[programme.pk])

    assert client.post(url, {"name": "Mine"}).status_code == 403
    assert client.post(reverse("admin:indicators_programme_delete", args=[programme.pk])).status_code == 403


def test_the_password_hash_is_not_shown(client):
    person = make_admin(is_staff=True)
    client.force_login(person)

    page = client.get(reverse("admin:indicators_user_change", args=[person.pk])).content.decode()

    assert person.password not in page
    assert models.User.objects.count() == 1


def test_it_is_called_what_the_menu_calls_it(client):
    client.force_login(make_admin(is_staff=True))

    page = client.get(reverse("admin:index")).content.decode()

    assert "Back office" in page
    assert "Django administration" not in page
