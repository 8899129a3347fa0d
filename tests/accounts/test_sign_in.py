"""The sign-in page promises a reset link only where mail can be sent."""

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db


def test_without_mail_the_page_says_whom_to_ask(client, settings):
    settings.EMAIL_HOST = ""
    page = client.get(reverse("account_login")).content.decode()
    assert "Ask an administrator" in page
    assert reverse("account_reset_password") not in page
    reset = client.get(reverse("account_reset_password")).content.decode()
    assert "sends no mail" in reset
    assert 'name="email"' not in reset


def test_with_mail_a_link_is_offered(client, settings):
    settings.EMAIL_HOST = "mail.example.org"
    assert reverse("account_reset_password") in client.get(reverse("account_login")).content.decode()
    assert 'name="email"' in client.get(reverse("account_reset_password")).content.decode()
