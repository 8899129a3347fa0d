"""Reads the process environment for the settings and says what is wrong with it. Decides no setting."""

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

PROFILES = ("production", "local", "test")
SHORTEST_SECRET_KEY = 50


def read_profile(env: Mapping[str, str] = os.environ) -> str:
    profile = env.get("TRACKER_ENV", "production")
    if profile not in PROFILES:
        raise ImproperlyConfigured(f"TRACKER_ENV is {profile!r}; expected one of {', '.join(PROFILES)}.")
    return profile


def read_flag(name: str, default: bool, env: Mapping[str, str] = os.environ) -> bool:
    given = env.get(name, "").strip().lower()
    if given in ("", "1", "true", "yes", "on", "0", "false", "no", "off"):
        return default if given == "" else given in ("1", "true", "yes", "on")
    raise ImproperlyConfigured(f"{name} is {given!r}; expected 1 or 0.")


def read_number(name: str, default: int, env: Mapping[str, str] = os.environ) -> int:
    given = env.get(name, "").strip()
    if given and not given.isdigit():
        raise ImproperlyConfigured(f"{name} is {given!r}; expected a whole number.")
    return int(given) if given else default


def read_list(name: str, env: Mapping[str, str] = os.environ) -> list[str]:
    return [part.strip() for part in env.get(name, "").split(",") if part.strip()]


def read_secret(name: str, env: Mapping[str, str] = os.environ) -> str:
    """The variable itself, or the content of the file that `<name>_FILE` points to (container secrets)."""
    path = env.get(f"{name}_FILE")
    if name in env or not path:
        return env.get(name, "")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE is {path!r}, which cannot be read: {error.strerror}."
        ) from None


def refuse_unsafe_production(
    *, secret_key: str, allowed_hosts: list[str], debug: bool, database_url: str, redis_url: str
) -> None:
    """Production does not start on a value that is missing or unsafe; each reason is one sentence."""
    weak_key = len(secret_key) < SHORTEST_SECRET_KEY or len(set(secret_key)) < 5
    rules = [
        (not secret_key, "SECRET_KEY is not set; give at least 50 random characters."),
        (
            bool(secret_key) and weak_key,
            f"SECRET_KEY is too weak ({len(secret_key)} characters); give at least {SHORTEST_SECRET_KEY} random ones.",
        ),
        (not allowed_hosts, "ALLOWED_HOSTS is not set; give the host names users type, separated by commas."),
        (
            any("*" in host for host in allowed_hosts),
            "ALLOWED_HOSTS contains '*', which accepts any host name; give the names users type.",
        ),
        (
            debug,
            "DEBUG is on; in production it shows source code and settings to strangers, so switch it off.",
        ),
        (not database_url, "DATABASE_URL is not set; expected postgresql://user:password@host:5432/name."),
        (not redis_url, "REDIS_URL is not set; expected redis://host:6379/0 or rediss://host:6379/0."),
    ]
    refusals = [sentence for broken, sentence in rules if broken]
    if refusals:
        raise ImproperlyConfigured("\n".join(refusals))


def parse_database_url(url: str) -> dict[str, Any]:
    """`postgresql://user:password@host:port/name?sslmode=require` as a Django database entry.

    A Unix socket is given as `?host=/run/postgresql` or as a percent-encoded host. Other query items go to libpq.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ImproperlyConfigured(f"DATABASE_URL starts with {parts.scheme!r}; expected postgresql://…")
    name = unquote(parts.path.lstrip("/"))
    if not name:
        raise ImproperlyConfigured(
            "DATABASE_URL names no database; expected postgresql://user:password@host/name."
        )
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured("DATABASE_URL has a port that is not a number from 0 to 65535.") from None
    options = dict(parse_qsl(parts.query))
    host = unquote(parts.hostname or "")
    if host.startswith("/"):  # a socket's directory; `hostname` made it lower case
        host = unquote(parts.netloc.rpartition("@")[2].partition(":")[0])
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or "") or options.pop("user", ""),
        "PASSWORD": unquote(parts.password or "") or options.pop("password", ""),
        "HOST": options.pop("host", "") or host,
        "PORT": options.pop("port", "") or str(port or ""),
        "OPTIONS": options,
    }


def parse_redis_url(url: str) -> tuple[str, str]:
    """The same address in Celery's spelling and in redis-py's: they differ only for Unix sockets."""
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss"):
        return url, url
    if scheme in ("unix", "redis+socket"):
        return (
            f"redis+socket://{rest.replace('?db=', '?virtual_host=')}",
            f"unix://{rest.replace('?virtual_host=', '?db=')}",
        )
    raise ImproperlyConfigured(f"REDIS_URL starts with {scheme!r}; expected redis://, rediss:// or unix://.")
