"""B2: what makes servers answer 500, a row a test, into every parameter that an address reads and every body it takes.

The parameters are not guessed: each address is opened once and what it asks of its query is noted. Always a share of
the addresses, with all of their parameters at once; with STRESS=1 (`make stress`) every parameter of each alone.
"""

from urllib.parse import quote

import pytest
from django.db import transaction
from django.http import QueryDict

from tests import stress
from tests.access import ROUTES
from tests.hostile import forms_of
from tests.test_doors import world  # noqa: F401 - a fixture
from tests.test_hostile import FORM, PREFERRED, opener, path_of, rows

pytestmark = pytest.mark.django_db
LONGEST_QUERY = 4094


def text(given):
    """As a broken client writes it into an address: half characters and all."""
    return quote(given, safe="", errors="surrogatepass")


VALUES = {
    "NUL": "%00", "NUL inside": "a%00b", "high surrogate": text("\ud800"), "low surrogate": text("\udfff"),
    "surrogates in the wrong order": text("\udfff\ud800"), "10**30": "1" + "0" * 30, "minus 10**30": "-1" + "0" * 30,
    "2**63": str(2**63), "2**31": str(2**31), "zero": "0", "minus one": "-1", "minus zero": "-0",
    "year 0": "0000-01-01", "year 1": "0001-01-01", "year 9999": "9999-12-31", "year 10000": "10000-01-01",
    "30 February": "2025-02-30", "month 13": "2025-13-01", "an instant": "2025-01-01T24:61:00Z", "1e308": "1e308",
    "1e309": "1e309", "1e1000000": "1e1000000", "NaN": "NaN", "sNaN": "sNaN", "Infinity": "Infinity", "-inf": "-inf",
    "2,000 digits": "9" * 2000, "empty": "", "space": "%20", "line break": "a%0D%0AX-Injected:1", "BOM": text("\ufeff"),
    "right to left": text("\u202e\u200dابت"), "zero width": text("\u200b\u200d"), "Arabic digits": text("٣"),
    "full-width digits": text("１２"), "superscript": text("²"), "no UTF-8": "%FF%FE", "overlong": "%C0%80",
    "half an escape": "%", "wrong escape": "%zz", "no character": text("\ufffe"), "last character": text("\U0010ffff"),
    "3,000 letters": "a" * 3000, "parentheses": "(" * 1000, "slow pattern": text("(a+)+$"),
    "quote": text("' OR 1=1 --"), "template": text("{{7*7}}{% csrf_token %}"),
    "script": text("<script>alert(1)</script>"), "path": text("../../etc/passwd"), "object": text('{"a":1}'),
    "list": text("[]"), "null": "null", "true": "true", "NA": "NA",
}  # fmt: skip
"""Into every parameter."""
BODIES = {
    "empty body": (b"", "application/json"),
    "NUL body": (b"\x00", "application/json"),
    "UTF-16 body": ('{"comment": "x"}'.encode("utf-16"), "application/json"),
    "BOM before the body": (b"\xef\xbb\xbf{}", "application/json"),
    "wrong charset": (b'{"comment": "\xe9"}', "application/json; charset=latin-9000"),
    "depth 1,000": (b'{"comment":' * 1000 + b"1" + b"}" * 1000, "application/json"),
    "depth 100,000": (b"[" * 100_000, "application/json"),
    "duplicate keys": (b'{"comment": "a", "comment": {"a": 1, "a": 2}}', "application/json"),
    "NaN in a body": (b'{"comment": NaN, "value": Infinity, "as_of": -Infinity}', "application/json"),
    "1e400 in a body": (b'{"indicator": 1e400, "period": -0, "as_of": "0000-00-00"}', "application/json"),
    "5,000 digits in a body": (b'{"indicator": %s}' % (b"9" * 5000), "application/json"),
    "half a character as a key": (b'{"\\ud800": "\\udfff"}', "application/json"),
    "a list": (b"[]", "application/json"),
    "null body": (b"null", "application/json"),
    "half an object": (b'{"comment": ', "application/json"),
    "a form without its boundary": (b"--x\r\nbroken", "multipart/form-data"),
    "a form of no charset": (b"a=%FF%FE&comment=%00", FORM + "; charset=utf-99"),
    "a form of 3,000 fields": (b"&".join(b"a%d=1" % n for n in range(3000)), FORM),
    "no kind at all": (b"x", ""),
}
"""To every address that takes something."""
HEADERS = {
    "8 KB language": {"accept-language": "a" * 8000},
    "8 KB cookie": {"cookie": "x" * 8000},
    "8 KB If-Match": {"if-match": '"' + "9" * 8000},
    "8 KB key": {"idempotency-key": "k" * 8000},
    "no ASCII": {"if-none-match": "\xff\xfe", "authorization": "Token \xff"},
}
NAMED = {f"B2-{n:02} {what}": what for n, what in enumerate([*VALUES, *BODIES, *HEADERS], 1)}
GETS = sorted(name for name, route in ROUTES.items() if route.method == "get")
TAKERS = sorted(
    {name for name, route in ROUTES.items() if route.method == "post"}
    | {"api-observation-list", "api-import-list"}
)


def share(names, what, of):
    """One in `of`, others for each row; all with STRESS=1."""
    return names if stress.FULL else names[list(NAMED.values()).index(what) % of :: of]


@pytest.fixture(scope="module")
def parameters(world, django_db_blocker):  # noqa: F811
    """The parameters that each address reads, as it is opened by whoever may."""
    found, asked = {}, set()
    with django_db_blocker.unblock():
        before = rows()
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        for method in ("__getitem__", "get", "getlist", "__contains__"):
            patch.setattr(QueryDict, method, _noting(getattr(QueryDict, method), asked))
        for name in GETS:
            asked.clear()
            client = opener(world, name, among=("approver", *PREFERRED))
            client.get(path_of(world, name))
            found[name] = sorted(
                one for one in asked if isinstance(one, str) and one != "csrfmiddlewaretoken"
            )
    yield found
    with django_db_blocker.unblock():
        assert rows() == before, "something was kept by a look"


def _noting(read, asked):
    def noted(query, name, *more):
        asked.add(name)
        return read(query, name, *more)

    return noted


def test_B2_the_parameters_that_addresses_read_are_found(parameters):
    assert {"year", "frequency"} <= set(parameters["programme-calendar"])
    assert {"period", "unit", "cell"} <= set(parameters["observation-new"])
    assert sum(len(one) for one in parameters.values()) > 100


@pytest.mark.parametrize("row", [one for one, what in NAMED.items() if what in VALUES])
def test_B2_value(world, parameters, row):  # noqa: F811
    value, bounds, broken = VALUES[NAMED[row]], stress.Bounds(row), []
    for name in share([one for one in GETS if parameters[one]], NAMED[row], 50):
        client = opener(world, name, among=("approver", *PREFERRED))
        for query in _queries(parameters[name], value):
            with bounds.one((name, query[:60])):
                answer = client.get(f"{path_of(world, name)}?{query}")
            bounds.answered(answer.status_code)
            if answer.status_code >= 500:
                broken.append((name, query[:80], repr(answer.exc_info[1])[:200]))

    assert broken == []
    bounds.finish()


def _queries(names, value):
    """All at once and one name twice; with STRESS=1 each alone besides."""
    alone = [f"{name}={value}" for name in names]
    together = "&".join(alone)
    found = [
        together if len(together) < LONGEST_QUERY else alone[0],
        f"{alone[0]}&{names[0]}=1&{names[0]}={value}",
    ]
    return [*found, *alone] if stress.FULL else found[:1]


@pytest.mark.parametrize("row", [one for one, what in NAMED.items() if what in BODIES])
def test_B2_body(world, row):  # noqa: F811
    (body, kind), bounds, before, broken = BODIES[NAMED[row]], stress.Bounds(row), rows(), []
    for name in share(TAKERS, NAMED[row], 8):
        with transaction.atomic():
            with bounds.one(name):
                answer = opener(world, name).generic("POST", path_of(world, name), body, content_type=kind)
            bounds.answered(answer.status_code)
            if answer.status_code >= 500:
                broken.append((name, repr(answer.exc_info[1])[:200]))
            elif answer.status_code >= 400 and rows() != before:
                broken.append((name, answer.status_code, "refused, and yet rows were kept"))
            transaction.set_rollback(True)

    assert broken == []
    bounds.finish()


@pytest.mark.parametrize("row", [one for one, what in NAMED.items() if what in HEADERS])
def test_B2_header(world, row):  # noqa: F811
    headers, bounds, broken = HEADERS[NAMED[row]], stress.Bounds(row), []
    for name in share(GETS, NAMED[row], 30):
        with bounds.one(name):
            answer = opener(world, name).get(path_of(world, name), headers=headers)
        bounds.answered(answer.status_code)
        if answer.status_code >= 500:
            broken.append((name, repr(answer.exc_info[1])[:200]))

    assert broken == []
    bounds.finish()


FIELD_VALUES = [one for one in VALUES if len(VALUES[one]) < 1200]


@pytest.mark.parametrize("row", [one for one, what in NAMED.items() if what in FIELD_VALUES])
def test_B2_value_in_the_fields_of_forms(world, row):  # noqa: F811
    """All fields of a form at once; the fields one by one are those of `test_hostile`."""
    value, bounds, before, broken = VALUES[NAMED[row]], stress.Bounds(f"{row} forms"), rows(), []
    pages = [one for one in GETS if not one.startswith("api-")]
    for name in share(pages, NAMED[row], 80):
        client = opener(world, name)
        for path, form in _forms(client, path_of(world, name)):
            with transaction.atomic():
                body = "&".join(f"{quote(field)}={value}" for field in form.values)
                with bounds.one((name, path)):
                    answer = client.generic("POST", path, body, content_type=FORM)
                bounds.answered(answer.status_code)
                if answer.status_code >= 500:
                    broken.append((path, repr(answer.exc_info[1])[:200]))
                elif answer.status_code >= 400 and rows() != before:
                    broken.append((path, answer.status_code, "refused, and yet rows were kept"))
                transaction.set_rollback(True)

    assert broken == []
    bounds.finish()


def _forms(client, path):
    page = client.get(path)
    if page.status_code != 200 or page.streaming or not page["Content-Type"].startswith("text/html"):
        return []
    return [
        (form.action or path, form)
        for form in forms_of(page.content.decode())
        if form.method == "post" and not form.action.startswith(("/accounts/", "/i18n/"))
    ]


def test_B2_every_row_of_the_table_is_here():
    assert len(NAMED) >= 60
    assert len(set(NAMED.values())) == len(NAMED)
