"""Every address with every role: what opens, what refuses, what leaks. A route outside the table fails the build."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from indicators.models import (
    AssessmentRun,
    CompositeIndex,
    DueAssessment,
    Evaluation,
    Event,
    Membership,
    Observation,
    Programme,
)
from tests.access import OF_LIBRARIES, OPEN, ROUTES
from tests.world import make_world

pytestmark = pytest.mark.django_db
CAST = [
    "anonymous", "admin", "officer", "validator", "approver", "evaluator", "reader", "former", "stranger", "partner",
    "other_partner", "regional", "auditor",
]  # fmt: skip
OPENED = {200, 201, 202, 302, 400, 409, 422, 428}
"""400, 409, 422 and 428: let in, but there was nothing in the request."""


def routes(patterns=None, namespace=""):
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        if hasattr(pattern, "url_patterns"):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, inner)
        elif pattern.name:
            yield namespace + pattern.name


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once: the tests here only look, or are rolled back."""
    from django.db import transaction

    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            world = make_world()
            for who in CAST:  # Here, since what a test itself writes is rolled back after it.
                client_of(world, who)
            yield world
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


class ReadingClient(Client):
    """Reads what is sent in pieces to its end, as a browser does: a file that is not read to its end stays open."""

    def request(self, **given):
        answer = super().request(**given)
        if answer.streaming:
            answer.streaming_content = [b"".join(answer)]
        return answer


def client_of(world, who):
    """One signed-in client for each person: signing in costs more than asking."""
    if who not in world.clients:
        world.clients[who] = ReadingClient(raise_request_exception=True)
        if world.people[who] is not None:
            world.clients[who].force_login(world.people[who])
    return world.clients[who]


def ask(client, method, path):
    """With nothing in the request: an empty object for machines, an empty form for people."""
    if path.startswith("/api/") and method != "get":
        return getattr(client, method)(path, data={}, content_type="application/json")
    return getattr(client, method)(path)


def test_every_route_is_in_the_table():
    named = {name for name in routes() if not name.startswith(OF_LIBRARIES)} - OPEN

    assert named - ROUTES.keys() == set()
    assert ROUTES.keys() - named == set()


@pytest.mark.parametrize("who", CAST)
@pytest.mark.parametrize("name", sorted(ROUTES))
def test_the_table_is_what_happens(world, name, who):
    route = ROUTES[name]
    path = reverse(name, args=route.args(world.own))
    answer = ask(client_of(world, who), route.method, path)

    if who == "anonymous":
        is_api = path.startswith("/api/")
        assert answer.status_code == (401 if is_api else 302), (path, answer.status_code)
        assert is_api or "/accounts/login/" in answer["Location"]
    elif who in route.opens:
        assert answer.status_code in OPENED, (path, answer.status_code)
        assert "/accounts/login/" not in answer.headers.get("Location", "")
    elif who in route.told_no:
        assert answer.status_code == 403, (path, answer.status_code)
    else:
        assert answer.status_code == 404, (path, answer.status_code)


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if route.method == "get"))
def test_every_page_opens_in_every_language(world, name, language):
    """A translated text with another gap than its English would end in an error of the server."""
    path = reverse(name, args=ROUTES[name].args(world.own))
    answer = client_of(world, "admin").get(path, headers={"accept-language": language})
    assert answer.status_code < 500
    if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
        assert answer.headers["Content-Language"] == language


@pytest.mark.parametrize("name", sorted(set(ROUTES)))
@pytest.mark.parametrize("who", ["stranger", "other_partner", "former"])
def test_strangers_change_nothing_by_any_method(world, name, who):
    path = reverse(name, args=ROUTES[name].args(world.own))
    client = client_of(world, who)
    before = facts()

    for method in ("post", "put", "patch", "delete"):
        answer = ask(client, method, path)
        assert answer.status_code in {200, 302, 400, 403, 404, 405}, (method, path, answer.status_code)

    assert facts() == before


def facts():
    return (
        list(Programme.objects.values_list("pk", "version").order_by("pk")),
        list(Observation.objects.values_list("pk", "state", "version").order_by("pk")),
        list(Membership.objects.values_list("pk", "ends_on").order_by("pk")),
        DueAssessment.objects.count(),
        AssessmentRun.objects.count(),
        list(CompositeIndex.objects.values_list("pk", "is_active", "current").order_by("pk")),
        Evaluation.objects.count(),
        Event.objects.exclude(verb__regex="token|calendar address|written to").count(),
    )


def test_nobody_anonymous_gets_in(world):
    client, let_in = Client(), {}
    for name in sorted(set(routes()) - OPEN):
        try:
            path = reverse(name)
        except (
            NoReverseMatch
        ):  # Needs an argument: in the table above, or a library's own page about one thing.
            continue
        status = client.get(path).status_code
        if status not in {301, 302, 401, 404, 405}:
            let_in[path] = status

    assert let_in == {}


OWN_WORDS = ("Programme OWN", "Open figure OWN", "Inner figure OWN", "Comment OWN", "OWN-U", "Index OWN")


@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if route.method == "get"))
@pytest.mark.parametrize("who", ["stranger", "other_partner", "former"])
def test_nothing_of_another_programme_is_named_on_any_page(world, name, who):
    try:
        path = reverse(name)
    except NoReverseMatch:
        path = reverse(name, args=ROUTES[name].args(world.other if who != "former" else world.own))

    answer = client_of(world, who).get(path, follow=True)
    text = b"".join(answer).decode(errors="replace") if answer.streaming else answer.content.decode()

    assert [word for word in OWN_WORDS if word in text] == []


@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if route.method == "get"))
def test_a_partner_viewer_never_reads_what_is_not_releasable(world, name):
    path = reverse(name, args=ROUTES[name].args(world.own))
    answer = client_of(world, "partner").get(path, follow=True)
    text = b"".join(answer).decode(errors="replace") if answer.streaming else answer.content.decode()

    assert "Inner figure OWN" not in text
    assert "Inner index OWN" not in text
    assert "Programme OTHER" not in text


ODD = ["9" * 30, "0", "999999999999999999"]


def test_odd_numbers_in_an_address_are_not_found(world):
    asked, found = 0, {}
    for name, route in ROUTES.items():
        args = route.args(world.own)
        for odd in ODD if args and isinstance(args[-1], int) else ():
            try:
                path = reverse(name, args=[*args[:-1], int(odd)])
            except NoReverseMatch:  # The address itself refuses it.
                continue
            asked += 1
            status = ask(client_of(world, "admin"), route.method, path).status_code
            if status not in {403, 404}:
                found[path] = status

    assert found == {}
    assert asked > 60


@pytest.mark.parametrize(
    "query",
    [
        "page=-1",
        "page=x",
        "page=" + "9" * 30,
        "q=%EF%BF%BE",
        "q=(a%2B)%2B$",
        "framework=x'--",
        "partner=%F0%9F",
    ],
)
@pytest.mark.parametrize(
    "name", sorted(n for n, r in ROUTES.items() if r.method == "get" and not n.startswith("api-"))
)
def test_odd_queries_never_answer_500(world, name, query):
    path = reverse(name, args=ROUTES[name].args(world.own))

    assert client_of(world, "admin").get(f"{path}?{query}").status_code < 500
