"""Processes that are killed on purpose, with short leases so that nobody waits for them."""

import os
import subprocess
import sys
import time

import pytest
import redis

from tests.conftest import ROOT

LEASE_SECONDS = 1


@pytest.fixture
def fault_env(child_env, settings):
    """Short leases here and in every child process."""
    settings.ASSESSMENT_LEASE_SECONDS = LEASE_SECONDS
    settings.ASSESSMENT_RETRY_SECONDS = 0
    return child_env | {
        "ASSESSMENT_LEASE_SECONDS": str(LEASE_SECONDS),
        "ASSESSMENT_RETRY_SECONDS": "0",
    }


@pytest.fixture
def drain(fault_env):
    """Start a plain process that runs whatever is due; `drain(CRASHPOINT="judged")` lets it die there."""
    started = []

    def start(**env):
        process = subprocess.Popen(
            [sys.executable, "manage.py", "assess"],
            cwd=ROOT,
            env=fault_env | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            process_group=0,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def celery_worker(fault_env, tmp_path):
    """Start a real Celery worker; `celery_worker(CRASHPOINT="judged")` lets its pool process die there."""
    from tracker.celery import app

    started = []

    def start(**env):
        name = f"fault-{os.getpid()}-{len(started)}@localhost"
        log = (tmp_path / f"worker{len(started)}.log").open("wb")
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tracker.celery",
            "worker",
            "--pool=prefork",
            "-c",
            "1",
        ]
        command += ["-n", name, "--without-gossip", "--without-mingle", "-l", "INFO"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=fault_env | env, stdout=log, stderr=subprocess.STDOUT, process_group=0
        )
        started.append((process, log))
        wait_until(lambda: app.control.ping(destination=[name], timeout=0.5), 30)
        return process

    yield start
    for process, log in started:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        log.close()
    wipe_broker()


PATIENCE = 6  # A busy machine is slow, not wrong.


def wait_until(condition, seconds):
    """Ask until it is true; AssertionError after so many seconds."""
    until = time.monotonic() + PATIENCE * seconds
    while not (answer := condition()):
        assert time.monotonic() < until, f"still not true after {seconds} s: {condition}"
        time.sleep(0.05)
    return answer


def wipe_broker():
    """What FLUSHALL does, to this installation's keys alone: other test runs may share the server."""
    from django.conf import settings

    client = redis.Redis.from_url(settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://"))
    prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
    keys = list(client.scan_iter(f"{prefix}*"))
    if keys:
        client.delete(*keys)
    client.close()
    return len(keys)
