"""Figures saved as one types, through a real web server: one cell by one editor and by twenty at once, then many."""

from __future__ import annotations

import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count
from typing import Any

from tests.bench.measure import seconds, spread
from tests.bench.pages import web_server

EDITORS = 20
TURNS = 40
SITES = 50
INDICATORS = 10
TOKEN = "a" * 32
keys = count(1)


def measure_entering() -> list[dict[str, Any]]:
    """Each row beside the emptiest answer of the same server."""
    places, editors = _make_places()
    rows = []
    with web_server() as (_process, port):
        one = Editor(port, editors[0])
        own = places[15::25]  # The twenty below begin at every 25th.
        for number in range(4):
            one.save(own[:1], number)  # The first request of a worker loads what it needs.
        alone = [seconds(lambda n=n: one.save([own[n % len(own)]], 10 + n)) for n in range(TURNS)]
        floor = [seconds(one.healthz) for _turn in range(TURNS)]
        rows.append(_row("one cell saved, 1 editor", alone, floor))
        rows.append(_row(f"one cell saved, {EDITORS} editors at once", *_at_once(port, editors, places)))
        one.look()
        for size in (40, 500):
            taken = [seconds(lambda n=n, size=size: one.save(places[:size], 100 + n)) for n in range(5)]
            rows.append(_row(f"{size} cells in one batch", taken, floor))
        page = [seconds(one.page) for _turn in range(10)]
        rows.append(_row(f"page of {len(places)} cells", page, floor))
    return rows


def _row(what: str, ours: list[float], floor: list[float]) -> dict[str, Any]:
    return {
        "what": what,
        "ours": spread(ours),
        "floor": spread(floor),
        "floor_is": "/healthz on the same server, asked likewise",
    }


def _at_once(port: int, sessions: list[Any], places: list[str]) -> tuple[list[float], list[float]]:
    """Twenty editors, each on cells of their own, as quick as the answers come."""

    def work(number: int) -> tuple[list[float], list[float]]:
        editor = Editor(port, sessions[number])
        own = places[number * len(places) // EDITORS :][: TURNS // 4]
        ours = [seconds(lambda place=place: editor.save([place], 1000 + number)) for place in own]
        return ours, [seconds(editor.healthz) for _place in own]

    with ThreadPoolExecutor(EDITORS) as pool:
        found = list(pool.map(work, range(EDITORS)))
    return [one for ours, _floor in found for one in ours], [one for _ours, floor in found for one in floor]


class Editor:
    """A signed-in person who knows the version of each cell that they saved."""

    def __init__(self, port: int, session: tuple[int, str]) -> None:
        self.person, cookie = session
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {
            "Cookie": f"{cookie}; csrftoken={TOKEN}",
            "X-CSRFToken": TOKEN,
            "Content-Type": "application/json",
        }
        self.versions: dict[str, int] = {}

    def save(self, places: list[str], value: int) -> None:
        cells = [
            {"place": one, "version": self.versions.get(one, 0), "figures": {"value": str(value)}}
            for one in places
        ]
        body = json.dumps({"key": f"bench {next(keys)}", "person": self.person, "cells": cells})
        answer = json.loads(self._ask("POST", "/enter/save/", body))
        for place, one in answer["results"].items():
            assert one["outcome"] in {"saved", "same"}, one
            self.versions[place] = one["version"]

    def look(self) -> None:
        """Learn what the others have stored meanwhile."""
        from indicators.entry.sheet import place_key
        from indicators.models import Observation

        for row in Observation.objects.all():
            key = place_key(row.indicator_id, row.period_id, row.unit_id, row.cell)
            self.versions[key] = row.version

    def healthz(self) -> None:
        self._ask("GET", "/healthz")

    def page(self) -> None:
        from indicators.models import ReportingPeriod

        period = ReportingPeriod.objects.order_by("-pk").values_list("pk", flat=True)[0]
        self._ask("GET", f"/programmes/BENCH/enter/{period}/")

    def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        try:
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):  # Closed by the server after a pause.
            self.connection.close()
            self.connection.request(method, path, body, self.headers)
            answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, (path, answer.status, content[:200])
        return content


def _make_places() -> tuple[list[str], list[Any]]:
    """Cells of ten counts at fifty sites, and people signed in to enter them."""
    from django.conf import settings
    from django.test import Client

    from tests import factories as make

    programme = make.make_programme("BENCH")
    quarter = make.make_quarters(programme)[-1]
    sites = [make.make_unit(programme, f"S{n:02}") for n in range(SITES)]
    version = {"value_type": "count", "scale": Decimal(1), "unit": "posts", "site_rule": "sum"}
    indicators = [
        make.make_indicator(programme, version=make.make_version(f"BCH-{n}", **version), units=sites)
        for n in range(INDICATORS)
    ]
    sessions = []
    for _number in range(EDITORS):
        user, client = make.make_user(programme=programme), Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        sessions.append((user.pk, f"{name}={client.cookies[name].value}"))
    places = [f"{one.pk}.{quarter.pk}.{site.pk}." for one in indicators for site in sites]
    return places, sessions
