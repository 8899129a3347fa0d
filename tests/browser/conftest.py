"""A real web server on this test's database, and a real Chromium in front of it."""

import http.client
import os
import socket
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def site(child_env):
    """The address of a gunicorn that serves this test's database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "tracker.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "4", "--worker-class", "gthread", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=child_env)
    try:
        deadline = time.monotonic() + 180
        while True:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
                connection.request("GET", "/healthz")
                connection.getresponse().read()
                connection.close()
                break
            except OSError:
                assert process.poll() is None, "the web server ended as it started"
                assert time.monotonic() < deadline, "the web server did not answer within 180 seconds"
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def chromium(browser_path):
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)
    # Playwright's loop runs in this thread; Django must not take it for an async context.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium, site):
    """`browse("officer")` signs that person in; every console error or CSP report fails the test."""
    complaints = []
    contexts = []

    def complain(page, message):
        refused = "status of 422" in message.text  # A form that came back with its errors.
        if message.type == "error" and not refused:
            complaints.append(f"{page.url}: {message.text}")

    def sign_in(username="", password="", **options):
        context = chromium.new_context(base_url=site, **options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complain(page, message))
        page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
        if username:
            page.goto("/accounts/login/")
            page.fill("input[name=login]", username)
            page.fill("input[name=password]", password or username)
            page.click("main button[type=submit]")
            page.wait_for_url(lambda url: "/accounts/login" not in url)
        return page

    sign_in.complaints = complaints
    yield sign_in
    for context in contexts:
        context.close()
    assert complaints == []
