"""The pages of the reports with 100 programmes and 2,000 indicators, over few and over many figures.

Each page is asked in turn with a bare Django view that reads one row, on the same server and behind the same sign-in,
by one client and by eight at once.
"""

from __future__ import annotations

import gzip
import http.client
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from io import StringIO
from typing import Any

from tests.bench.filling import PERIODS, add_sites, make_programmes, months_until, write_figures
from tests.bench.measure import children_of, cpu_seconds, seconds, spread
from tests.bench.pages import web_server

PROGRAMMES = 100
FEW_MONTHS = 5
"""Of one site: with 2,000 indicators 10,000 figures."""
ALONE = 20
CLIENTS = 8
EACH = 8
BARE = "/bare/"
Ask = Callable[[str], bytes]


def measure_reports(observations: int, indicators: int) -> Iterator[dict[str, Any]]:
    """The same programmes and indicators with five months of one site, then with two years of many sites."""
    from django.utils import timezone

    last = timezone.localdate().replace(day=1) - timedelta(days=1)
    make_programmes(PROGRAMMES, indicators=indicators, last=last)
    for since, sites in (
        (months_until(last)[-FEW_MONTHS], 1),
        (date.min, max(round(observations / indicators / PERIODS), 1)),
    ):
        yield from _measure(_load(since, sites, last))


def _load(since: date, sites: int, last: date) -> int:
    """Facts set by set; what follows from them as the application itself makes it."""
    from django.core.management import call_command
    from django.db import connection

    add_sites(sites)
    loaded = write_figures(since=since)
    call_command("rebuild", stdout=StringIO())
    call_command("assess", as_of=last, stdout=StringIO())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return loaded


def _measure(loaded: int) -> Iterator[dict[str, Any]]:
    from django.conf import settings
    from django.test import Client

    from tests import factories as make

    client = Client()
    client.force_login(make.make_admin())
    cookie = f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"
    with web_server("tests.bench.bare") as (process, port):
        workers = children_of(process.pid)
        for name, path in pages():
            what = f"{name}, {loaded:,} figures, {_queries(client, path)} queries"
            yield from _page(what, path, lambda: _asker(port, cookie), workers)


def pages() -> list[tuple[str, str]]:
    from indicators.models import ProgrammeIndicator

    indicator = ProgrammeIndicator.objects.select_related("programme").order_by("pk")[25]
    own, code = indicator.get_absolute_url(), indicator.programme.code
    return [
        ("portfolio", "/portfolio/"),
        ("region", "/region/"),
        ("programme", f"/programmes/{code}/"),
        ("indicator", own),
        ("figures of an indicator", f"{own}?page=2"),
        ("crosstab of a programme", f"/programmes/{code}/crosstab/"),
        ("crosstab of an indicator", f"{own}crosstab/"),
        ("search", "/search/?q=posts"),
        ("figures by the API", f"/api/v1/observations/?programme={code}"),
        ("due list", "/due/"),
    ]


def _queries(client: Any, path: str) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(captured)


def _asker(port: int, cookie: str) -> Ask:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(path: str) -> bytes:
        for attempt in (1, 2):
            try:
                connection.request("GET", path, headers={"Cookie": cookie})
                answer = connection.getresponse()
                break
            except ConnectionError:  # Closed by the server after a pause.
                connection.close()
                if attempt == 2:
                    raise
        content = answer.read()
        assert answer.status == 200, (path, answer.status)
        return content

    return ask


def _page(what: str, path: str, new: Callable[[], Ask], workers: list[int]) -> list[dict[str, Any]]:
    ask = new()
    for _ in range(6):  # Every worker has seen the page once.
        ask(path)
        ask(BARE)
    content = ask(path)
    sizes = {"kb": round(len(content) / 1024, 1), "gzip_kb": round(len(gzip.compress(content, 6)) / 1024, 1)}
    pairs = [(seconds(lambda: ask(path)), seconds(lambda: ask(BARE))) for _ in range(ALONE)]
    ours, floor = spread([one for one, _bare in pairs]), spread([bare for _one, bare in pairs])
    alone = {
        "what": f"{what}, 1 client",
        "ours": ours | {"of_the_rate": round(floor["p50_ms"] / ours["p50_ms"], 3)} | sizes,
        "floor": floor,
        "floor_is": "a bare view that reads one row, asked in turn",
    }
    return [alone, _at_once(what, path, new, workers)]


def _at_once(what: str, path: str, new: Callable[[], Ask], workers: list[int]) -> dict[str, Any]:
    clients = [new() for _ in range(CLIENTS)]
    found = {}
    for asked in (path, BARE):
        before = sum(cpu_seconds(pid) for pid in workers)
        taken: list[float] = []

        def work(ask: Ask, asked: str = asked, taken: list[float] = taken) -> None:
            taken.extend(seconds(lambda: ask(asked)) for _ in range(EACH))

        with ThreadPoolExecutor(CLIENTS) as pool:
            whole = seconds(lambda pool=pool, work=work: list(pool.map(work, clients)))
        used = sum(cpu_seconds(pid) for pid in workers) - before
        found[asked] = spread(taken) | {
            "a_second": round(len(taken) / whole, 1),
            "cpu_ms": round(1000 * used / len(taken), 1),
        }
    ours, floor = found[path], found[BARE]
    return {
        "what": f"{what}, {CLIENTS} clients",
        "ours": ours | {"of_the_rate": round(ours["a_second"] / floor["a_second"], 3)},
        "floor": floor,
        "floor_is": "the bare view, asked likewise just after",
    }
