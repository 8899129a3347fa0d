"""`make check`: every check that needs no test run, one line each. Shows the output only of what failed."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTHON = str(BIN / "python")
PRODUCTION = {
    "TRACKER_ENV": "production",
    "SECRET_KEY": "only-for-this-check-" + "0123456789abcdefghijklmnopqrstuvwxyz" * 2,
    "ALLOWED_HOSTS": "tracker.example.org",
    "DATABASE_URL": "postgresql://tracker@localhost/tracker",
    "REDIS_URL": "redis://localhost:6379/0",
}
LOCAL = {"TRACKER_ENV": "local"}
HADOLINT = str(BIN / "hadolint")
SHELLCHECK = str(BIN / "shellcheck")
COMPOSE = "docker/compose.yaml"
SHELL_SCRIPTS = [".ci/run", "docker/entrypoint"]

CHECKS: list[tuple[str, list[str], dict[str, str]]] = [
    ("format", [str(BIN / "ruff"), "format", "--check", "--no-cache", "."], {}),
    ("lint", [str(BIN / "ruff"), "check", "--no-cache", "."], {}),
    ("types", [PYTHON, "-m", "mypy"], LOCAL),
    ("imports", [str(BIN / "lint-imports"), "--no-cache"], LOCAL),
    ("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"], LOCAL),
    ("deploy settings", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"], PRODUCTION),
    ("templates compile", [PYTHON, "-m", "tracker.templates"], LOCAL),
    ("templates lint", [str(BIN / "djlint"), "templates", "--lint", "--quiet"], {}),
    ("yaml", [str(BIN / "yamllint"), "--strict", "docker"], {}),
    ("compose file", [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", COMPOSE], {}),
    ("Dockerfile", [HADOLINT, "docker/Dockerfile"], {}),
    ("shell scripts", [SHELLCHECK, *SHELL_SCRIPTS], {}),
]


def main() -> int:
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(run, CHECKS))
    failed = [name for name, passed in results if not passed]
    print(
        f"\n{len(failed)} of {len(CHECKS)} failed: {', '.join(failed)}"
        if failed
        else f"\n{len(CHECKS)} checks passed"
    )
    return 1 if failed else 0


def run(check: tuple[str, list[str], dict[str, str]]) -> tuple[str, bool]:
    name, command, environment = check
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tracker.settings"} | environment,
        capture_output=True,
        text=True,
    )
    passed = done.returncode == 0
    lines = [f"{'ok    ' if passed else 'FAILED'} {name} ({time.monotonic() - begun:.1f} s)"]
    if not passed:
        lines += [line for output in (done.stdout, done.stderr) if (line := output.strip())]
    print("\n".join(lines), flush=True)
    return name, passed


if __name__ == "__main__":
    sys.exit(main())
