"""A web process stays light: it loads neither the statistics nor the writers of documents, whatever is asked of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("scipy", "statsmodels", "pandas", "patsy")
WRITERS = ("xlsxwriter", "docx", "typst")
SERVE = """
import json, sys
from tracker.wsgi import application
from django.test import Client
from django.urls import get_resolver

def walk(patterns):
    for one in patterns:
        inner = getattr(one, "url_patterns", None)
        yield from walk(inner) if inner is not None else [one.callback]

views = list(walk(get_resolver().url_patterns))
answer = Client().get("/", follow=True)
loaded = [name for name in %r if name in sys.modules]
print(json.dumps({"views": len(views), "status": answer.status_code, "loaded": loaded}))
"""


@pytest.mark.django_db(transaction=True)
def test_a_web_process_with_all_its_views_loads_no_statistics_and_no_writers(child_env):
    done = subprocess.run(
        [sys.executable, "-c", SERVE % (HEAVY + WRITERS,)],
        cwd=ROOT,
        env=child_env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["views"] > 50
    assert found["status"] == 200
    assert found["loaded"] == []
