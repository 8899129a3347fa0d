"""Hostile values in every field of every form and every parameter of every address: refused, never an error of ours."""

from __future__ import annotations

import json
import os

import pytest
from django.apps import apps
from django.db import transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from indicators.models import Event, LastLook
from tests.access import OF_LIBRARIES, OPEN, ROUTES
from tests.hostile import BY_KIND, EVERYWHERE, encoded, forms_of
from tests.test_doors import ReadingClient, client_of, routes, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db
PAGES = sorted(name for name in ROUTES if not name.startswith("api-"))
READ = [name for name in PAGES if ROUTES[name].method == "get"]
FORM = "application/x-www-form-urlencoded"
PREFERRED = ("admin", "approver", "officer", "evaluator", "partner")
KEPT = [
    model
    for model in apps.get_app_config("indicators").get_models()
    # Opening the portfolio keeps that one looked.
    if model not in {Event, LastLook} and model._meta.managed
]


def some(values, turn, share):
    """One in `share` of the values, others at each turn; all of them with HOSTILE=all."""
    return values if os.environ.get("HOSTILE") == "all" else values[turn % share :: share]


def opener(world, name, among=PREFERRED):  # noqa: F811
    return signed_in(world, next((who for who in among if who in ROUTES[name].opens), "admin"))


def signed_in(world, who):  # noqa: F811
    """A copy of the person's client of its own, that answers 500 instead of raising."""
    client = ReadingClient(raise_request_exception=False)
    client.cookies.load(client_of(world, who).cookies.output(header="", sep=";"))
    return client


def path_of(world, name):  # noqa: F811
    return reverse(name, args=ROUTES[name].args(world.own))


def rows():
    return {model.__name__: model._base_manager.count() for model in KEPT}


class Sender:
    """Sends, notes what broke, and undoes what was kept."""

    def __init__(self, client):
        self.client, self.broken, self.accepted, self.before = client, [], 0, rows()

    def post(self, path, values, what):
        with transaction.atomic():
            answer = self.client.generic("POST", path, encoded(values), content_type=FORM)
            if answer.status_code >= 500:
                self.broken.append((path, what, repr(answer.exc_info[1])[:300]))
                transaction.set_rollback(True)
                return answer
            if answer.status_code >= 400 and rows() != self.before:
                self.broken.append((path, what, f"{answer.status_code}, and yet rows were kept"))
            self.accepted += answer.status_code < 400
            transaction.set_rollback(True)
        return answer


def forms_to_send(client, path):
    page = client.get(path)
    if page.status_code != 200 or page.streaming:
        return []
    return [
        (form.action or path, form)
        for form in forms_of(page.content.decode())
        if form.method == "post" and not form.action.startswith(("/accounts/", "/i18n/"))
    ]


@pytest.mark.parametrize("name", READ)
def test_every_field_of_every_form_of_a_page_withstands_hostile_values(world, name):  # noqa: F811
    client = opener(world, name)
    sender = Sender(client)
    for path, form in forms_to_send(client, path_of(world, name)):
        good = form.filled()
        sender.post(path, good, "as it should be")
        for turn, (field, kind) in enumerate(form.kinds.items(), PAGES.index(name)):
            for value in some(BY_KIND[kind], turn, 5):
                sender.post(path, good | {field: [value]}, (field, value[:40]))

    assert sender.broken == []


@pytest.mark.parametrize("name", PAGES)
def test_the_same_hostile_value_in_all_fields_at_once(world, name):  # noqa: F811
    client = opener(world, name)
    sender = Sender(client)
    path = path_of(world, name)
    forms = forms_to_send(client, path) if name in READ else []
    fields = {field for _path, form in forms for field in form.values} | {
        "comment",
        "step",
        "version",
        "next",
    }
    for value in some(EVERYWHERE, PAGES.index(name), 6):
        sender.post(path, {field: [value] for field in fields}, value[:40])

    assert sender.broken == []


PARAMETERS = [
    "page", "q", "period", "unit", "cell", "mine", "programme", "show", "version", "kind", "who",
    "country", "family",
    "level", "tense", "type", "direction", "framework", "partner", "state", "numerator", "denominator",
    "value", "status",
    "as_of", "next", "sort", "step", "owner__password__startswith", "_connector",
]  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_hostile_values_in_every_parameter_of_an_address(world, name):  # noqa: F811
    client = opener(world, name, among=("approver", *PREFERRED))
    path = path_of(world, name)
    before, broken = rows(), []
    for value in some(EVERYWHERE, PAGES.index(name) + 3, 6):
        if len(value) > 4000:
            continue
        answer = client.get(f"{path}?{encoded({name: [value] for name in PARAMETERS})}")
        if answer.status_code >= 500:
            broken.append((value[:40], repr(answer.exc_info[1])[:300]))

    assert broken == []
    assert rows() == before


DEEP = 100_000
BODIES = [
    b"",
    b"\x00",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"[" * DEEP,
    b'{"a":' * DEEP,
    b"[]",
    b"null",
    b"1",
    b'"x"',
    b'{"comment": "\\u0000"}',
    b'{"comment": "\\ud800"}',
    b'{"comment": "a", "comment": "b"}',
    b'{"comment": NaN}',
    b'{"indicator": 1e400, "period": -0, "as_of": "0000-00-00"}',
    b"9" * 5000,
    b'{"comment": %s}' % (b"9" * 5000),
    b'{"\\ud800": 1, "kind": "\\ud800"}',
    b'{"kind": [], "reason": {}, "comment": []}',
    b"a=1&b=2",
    b'{"kind": "ex_post", "as_of": "9999-12-31"}',
    b'{"kind": "ex_post", "as_of": "0001-01-01"}',
    b'{"reason": "\\ud800", "value": "1"}',
    b'{"reason": "a", "numerator": "1", "denominator": "2", "comment": "\\udfff"}',
]
FIGURE = {
    "indicator": 1, "period": 1, "unit": None, "cell": "", "numerator": "1", "denominator": "2",
    "value": None, "text": "",
    "as_of": "2025-09-30", "comment": "", "sample_size": 1, "standard_error": None, "missing_reason": "",
    "reliability": "B", "credibility": 2, "marking": "NATO UNCLASSIFIED", "submit": True, "declaration": True,
}  # fmt: skip
VALUES = [
    "\x00", "\ud800", 10**30, -1, -(10**30), "1e308", "NaN", float("nan"), float("inf"), 1e308, "-0",
    "0000-01-01",
    "9999-12-31", "10000-01-01", "0001-01-01", [], {}, None, True, "\u202e\u200d\ufeff", "a" * 100_000,
    "=;==;", "9" * 5000,
]  # fmt: skip
KINDS = ["application/json", "application/json; charset=latin-9000", "text/xml", FORM, "multipart/form-data"]
WRITES = [
    "api-observation-list",
    *sorted(n for n, r in ROUTES.items() if n.startswith("api-") and r.method == "post"),
]


@pytest.mark.parametrize("name", WRITES)
def test_hostile_bodies_are_refused_by_a_problem_document(world, name):  # noqa: F811
    client = opener(world, name, among=("officer", "approver", "admin"))
    path, broken = path_of(world, name), []
    for body in BODIES:
        for kind in KINDS if body in BODIES[:3] else KINDS[:1]:
            with transaction.atomic():
                answer = client.generic("POST", path, body, content_type=kind)
                transaction.set_rollback(True)
            if answer.status_code >= 500:
                broken.append((body[:40], kind, repr(answer.exc_info[1])[:300]))
            elif answer.status_code >= 400 and answer.headers["Content-Type"] != "application/problem+json":
                broken.append((body[:40], kind, answer.headers["Content-Type"]))

    assert broken == []


@pytest.mark.parametrize(
    "name", ["api-observation-list", "api-observation-detail", "api-observation-correct"]
)
def test_hostile_values_in_every_field_of_a_figure_sent_by_a_machine(world, name):  # noqa: F811
    own = world.own
    client = opener(world, "api-observation-submit", among=("officer",))
    good = FIGURE | {
        "indicator": own.indicator.pk,
        "period": own.period.pk,
        "unit": own.unit.code,
        "comment": "Why.",
    }
    if name != "api-observation-list":
        good = {
            k: v
            for k, v in good.items()
            if k not in {"indicator", "period", "unit", "cell", "submit", "declaration"}
        }
    extra, method, path = {}, client.post, path_of(world, name)
    if name == "api-observation-detail":
        path = reverse(name, args=[own.draft.pk])
        extra = {"if_match": client.get(path).headers["ETag"]}
        method = client.patch
    elif name == "api-observation-correct":
        good |= {"declaration": True}
        good["reason"] = "It was wrong."
    broken, before = [], rows()
    for field in good:
        for value in (
            VALUES if field in {"comment", "numerator", "as_of", "indicator", "cell"} else VALUES[::3]
        ):
            with transaction.atomic():
                answer = method(
                    path, json.dumps(good | {field: value}), content_type="application/json", headers=extra
                )
                if answer.status_code >= 500:
                    broken.append((field, repr(value)[:40], repr(answer.exc_info[1])[:300]))
                elif answer.status_code >= 400 and rows() != before:
                    broken.append((field, repr(value)[:40], "refused, and yet rows were kept"))
                transaction.set_rollback(True)

    assert broken == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", FORM),
        (b"--x\r\nbroken", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"),
        (b"a=%FF%FE", FORM + "; charset=utf-99"),
        (b"&".join(b"a%d=1" % n for n in range(3000)), FORM),
        (b"{}", "application/json"),
        (b"\x00" * 100, "application/octet-stream"),
        (b"version=" + b"9" * 5000, FORM),
    ],
)
def test_bodies_that_are_no_form_never_break_a_page(world, body, kind):  # noqa: F811
    broken = []
    for name in some(PAGES, len(body), 3):
        with transaction.atomic():
            answer = opener(world, name).generic("POST", path_of(world, name), body, content_type=kind)
            transaction.set_rollback(True)
        if answer.status_code >= 500:
            broken.append((name, repr(answer.exc_info[1])[:300]))

    assert broken == []


HEADERS = [
    {"accept-language": "a" * 8000}, {"accept-language": "ar-\x7f,,;q=x"}, {"if-match": '"' + "9" * 8000},
    {"cookie": "x" * 8000},
    {"cookie": "sessionid=\xff; csrftoken=\x7f"}, {"accept": "x/\x7f;q=z,,"}, {"range": "bytes=-1-"},
    {"hx-request": "true"},
    {"hx-request": "true", "hx-current-url": "http://[::", "hx-target": "%00"},
    {"if-modified-since": "x" * 8000},
    {"if-none-match": "\xff" * 10}, {"x-forwarded-for": "1, " * 3000},
    {"authorization": "Token " + "\xff" * 20},
    {"authorization": "Basic =="}, {"authorization": "Token"}, {"referer": "\x00javascript:alert(1)"},
]  # fmt: skip


@pytest.mark.parametrize("headers", HEADERS, ids=lambda given: "+".join(given))
def test_hostile_headers_never_break_a_page(world, headers):  # noqa: F811
    broken = []
    asked = sorted(n for n, r in ROUTES.items() if r.method == "get")
    for name in {"home", "api-programme-list", *some(asked, HEADERS.index(headers), 8)}:
        answer = opener(world, name).get(path_of(world, name), headers=headers)
        if answer.status_code >= 500:
            broken.append((name, repr(answer.exc_info[1])[:300]))

    assert broken == []


def addresses_without_a_library_object():
    for name in sorted(routes()):
        if name not in ROUTES:
            try:
                reverse(name)
            except NoReverseMatch:
                continue
        yield name


@pytest.mark.parametrize("name", list(addresses_without_a_library_object()))
def test_no_address_takes_a_post_without_its_token(world, name):  # noqa: F811
    """Those of the libraries too, where they need no object of the library."""
    route = ROUTES.get(name)
    who = next((who for who in PREFERRED if route and who in route.opens), "admin")
    path = reverse(name, args=route.args(world.own)) if route else reverse(name)
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people[who])
    before = rows()

    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(path)
        assert answer.status_code == 403 or (name in {"healthz", "readyz"} and answer.status_code == 405), (
            method
        )
    assert rows() == before


def shut(headers):
    policy = headers["Content-Security-Policy"]
    if policy == "default-src 'none'; sandbox":  # a file that somebody uploaded
        return headers["X-Content-Type-Options"] == "nosniff"
    return (
        "default-src 'none'" in policy
        and "unsafe" not in policy
        and "frame-ancestors 'none'" in policy
        and headers["X-Content-Type-Options"] == "nosniff"
        and headers["X-Frame-Options"] == "DENY"
        and headers["Referrer-Policy"] == "same-origin"
        and headers["Cross-Origin-Opener-Policy"] == "same-origin"
        and "geolocation=()" in headers["Permissions-Policy"]
    )


def test_every_page_and_every_refusal_carries_the_security_headers(world):  # noqa: F811
    bare = []
    for name in sorted(ROUTES):
        path = path_of(world, name)
        for who in ("anonymous", "stranger", "admin"):
            methods = ("get", "delete") if who == "admin" else ("get",)
            for answer in (getattr(client_of(world, who), method)(path) for method in methods):
                if not shut(answer.headers):
                    bare.append((name, who, answer.status_code))
                if who != "anonymous" and "no-store" not in answer.headers.get("Cache-Control", ""):
                    bare.append((name, who, "may be cached"))

    assert bare == []


def test_an_error_of_ours_carries_them_too_and_tells_nothing(world, monkeypatch):  # noqa: F811
    from indicators.models import Programme

    def fail(*_args):
        raise RuntimeError("a secret of the house")

    monkeypatch.setattr(type(Programme.objects), "visible_to", fail)
    client = signed_in(world, "admin")
    for path, kind in [("/programmes/", "text/html"), ("/api/v1/programmes/", "application/problem+json")]:
        answer = client.get(path)

        assert answer.status_code == 500
        assert shut(answer.headers), path
        assert "secret of the house" not in answer.content.decode()
        assert answer.headers["Content-Type"].startswith(kind)


def test_a_refused_token_carries_them_too(world):  # noqa: F811
    client = Client(enforce_csrf_checks=True)
    client.force_login(world.people["admin"])

    answer = client.post("/programmes/new/", {"code": "X"})

    assert answer.status_code == 403
    assert shut(answer.headers)


def test_signing_out_ends_the_session_for_every_copy_of_its_cookie(world):  # noqa: F811
    client = Client()
    client.force_login(world.people["admin"])
    copied = client.cookies["sessionid"].value
    assert client.get("/people/").status_code == 200

    client.post(reverse("account_logout"))

    thief = Client()
    thief.cookies["sessionid"] = copied
    assert thief.get("/people/").status_code == 302
    assert thief.get("/api/v1/programmes/").status_code == 401


def test_the_doors_of_the_libraries_stay_named():
    assert all(name.startswith(OF_LIBRARIES) or name in ROUTES or name in OPEN for name in routes())
