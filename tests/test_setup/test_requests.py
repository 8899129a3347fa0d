"""What every request passes: headers, refusals, session limits, and the two questions machines ask."""

import time

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import caches
from django.urls import reverse

pytestmark = pytest.mark.django_db
OPEN_PAGES = ["/accounts/login/", "/healthz", "/no-such-page"]


@pytest.fixture
def officer():
    return get_user_model().objects.create_user("officer", password="a long enough password")


@pytest.mark.parametrize("address", OPEN_PAGES)
def test_every_answer_carries_the_security_headers(client, address):
    headers = client.get(address).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Frame-Options"] == "DENY"


def test_pages_of_a_person_are_not_kept_by_caches(client, officer):
    client.force_login(officer)

    assert "no-store" in client.get("/accounts/password/change/").headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/?q=%00", "/accounts/login/?next=%00", "/%00", "/a%00b/"])
def test_a_nul_character_in_the_address_is_answered_400_with_the_reason(client, address):
    answer = client.get(address)

    assert answer.status_code == 400
    assert "NUL" in answer.content.decode()


def test_a_nul_character_in_an_api_address_is_answered_by_a_problem_document(client):
    answer = client.get("/api/v1/programmes/?code=%00")

    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "NUL" in answer.json()["detail"]


def test_nobody_registers_themselves(client):
    client.post(
        reverse("account_signup"),
        {
            "username": "stranger",
            "password1": "a long enough password",
            "password2": "a long enough password",
        },
    )

    assert not get_user_model().objects.filter(username="stranger").exists()


def test_a_session_ends_after_it_was_idle(client, officer, settings):
    client.force_login(officer)
    client.get("/accounts/password/change/")
    session = client.session
    session["seen_at"] = int(time.time()) - settings.SESSION_IDLE_SECONDS - 1
    session.save()

    assert client.get("/accounts/password/change/").status_code == 302


def test_a_session_ends_at_its_absolute_limit_however_busy(client, officer, settings):
    client.force_login(officer)
    client.get("/accounts/password/change/")
    session = client.session
    session["started_at"] = int(time.time()) - settings.SESSION_COOKIE_AGE - 1
    session.save()

    assert client.get("/accounts/password/change/").status_code == 302


def test_reading_pages_does_not_write_the_session_each_time(client, officer, django_assert_num_queries):
    client.force_login(officer)
    client.get("/accounts/password/change/")

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get("/accounts/password/change/")

    assert not [query["sql"] for query in queries if query["sql"].startswith(("UPDATE", "INSERT"))]


def test_healthz_asks_neither_database_nor_broker(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert answer.content == b"ok\n"


def test_readyz_tells_what_it_asked(client):
    answer = client.get("/readyz")

    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert found["ready"] is True
    assert found["database"] == found["broker"] == "ok"
    assert found["oldest_overdue_seconds"] is None
    assert found["overdue"] is False
    assert "no-store" in answer.headers["Cache-Control"]


def test_readyz_is_503_without_its_broker(client, settings):
    settings.CACHE_URL = "unix:///nowhere/valkey.sock"

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["broker"] == "unreachable"


def test_a_cache_that_is_away_forgets_instead_of_failing(settings):
    settings.CACHES = {
        "default": {"BACKEND": "tracker.cache.ForgivingRedisCache", "LOCATION": "unix:///nowhere/valkey.sock"}
    }
    cache = caches["default"]

    cache.set("key", 1)

    assert cache.get("key") is None
    assert cache.get("key", 7) == 7
    assert cache.get_many(["key"]) == {}
    assert cache.add("key", 1) is True
    assert cache.incr("key") == 1
    assert cache.delete("key") is False
    assert "key" not in cache


def test_the_cache_keeps_what_it_is_given():
    cache = caches["default"]

    cache.set("infrastructure", 0)

    assert cache.get("infrastructure") == 0
    assert cache.incr("infrastructure", 2) == 2
    assert cache.delete("infrastructure") is True
