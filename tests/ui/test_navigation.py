"""The frame around every page: who sees which line, and what the bare pages say."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import reverse

from indicators import navigation
from indicators.models import GlobalRole, Role
from tests.factories import make_admin, make_partner, make_programme, make_user


def icons_of(user, path="/nowhere/"):
    request = RequestFactory().get(path)
    request.user = user
    return {line["icon"] for group in navigation.menu_for(request) for line in group["lines"]}


@pytest.mark.django_db
class TestMenu:
    @pytest.fixture(autouse=True)
    def _every_room_is_there(self, monkeypatch):
        """Roles are asked here, not addresses."""
        monkeypatch.setattr(navigation, "reverse", lambda name: f"/{name}/")

    def test_an_officer_sees_what_is_due_but_no_queue_and_no_administration(self):
        icons = icons_of(make_user(programme=make_programme(), role=Role.OFFICER))

        assert "inbox" in icons
        assert not icons & {"clipboard-check", "calendar", "users"}

    def test_an_approver_sees_the_queue(self):
        assert "clipboard-check" in icons_of(make_user(programme=make_programme(), role=Role.APPROVER))

    def test_an_administrator_sees_schedule_and_people_but_no_entry(self):
        icons = icons_of(make_admin())

        assert icons >= {"calendar", "users"}
        assert "inbox" not in icons

    def test_a_partner_viewer_sees_neither_entry_nor_administration(self):
        viewer = make_user(global_role=GlobalRole.PARTNER_VIEWER, partner=make_partner())

        assert not icons_of(viewer) & {"inbox", "clipboard-check", "calendar", "users"}

    def test_the_menu_costs_one_query(self, django_assert_num_queries):
        officer = make_user(programme=make_programme(), role=Role.OFFICER)

        with django_assert_num_queries(1):  # the person's memberships
            icons_of(officer)


def test_a_stranger_sees_no_menu():
    assert icons_of(AnonymousUser()) == set()


def test_the_line_of_the_open_page_is_marked():
    item = navigation.Item(url_name="account_login", label="Sign in", icon="lock")

    here = navigation._line(item, reverse("account_login"), set())
    elsewhere = navigation._line(item, "/elsewhere/", set())

    assert (here["current"], elsewhere["current"]) == (True, False)


def test_an_address_that_does_not_exist_is_left_out():
    assert navigation._line(navigation.Item(url_name="no-such", label="x", icon="x"), "/", set()) is None


@pytest.mark.django_db
class TestFrame:
    def test_the_frame_carries_marking_skip_link_and_safe_headers(self, client):
        page = client.get(reverse("account_login")).content.decode()

        assert '<a class="skip-link" href="#main">' in page
        assert "NATO UNCLASSIFIED" in page
        assert "X-CSRFToken" in page
        assert 'lang="en" dir="ltr"' in page

    def test_arabic_runs_from_right_to_left(self, client):
        page = client.get(reverse("account_login"), headers={"accept-language": "ar"}).content.decode()

        assert 'lang="ar" dir="rtl"' in page

    def test_nobody_signs_up(self, client):
        page = client.get(reverse("account_signup")).content.decode()

        assert "Accounts are given out, not taken" in page
        assert 'name="password1"' not in page

    def test_a_wrong_password_is_answered_on_the_page(self, client):
        page = client.post(reverse("account_login"), {"login": "nobody", "password": "wrong"})

        assert page.status_code == 200
        assert "callout-error" in page.content.decode()

    def test_a_missing_page_says_what_to_do(self, client):
        client.force_login(make_admin())

        page = client.get("/there-is-no-such-page/")

        assert page.status_code == 404
        assert "Go to the start page" in page.content.decode()

    def test_the_style_guide_shows_every_part_to_staff_only(self, client):
        client.force_login(make_user())
        assert client.get(reverse("styleguide")).status_code == 403

        client.force_login(make_admin(is_staff=True))
        page = client.get(reverse("styleguide") + "?errors")

        assert page.status_code == 200
        assert "error-summary" in page.content.decode()


def test_the_page_for_a_fault_needs_nothing_around_it():
    assert "Something went wrong on our side" in render_to_string("500.html")
