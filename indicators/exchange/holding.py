"""A file between looking into it and keeping it: signed, in the page itself, so that nothing lies about on a server."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

LONGEST = 4_000_000
"""Characters of a held file; larger ones are for the command."""
MOST_BYTES = 20 * 1024 * 1024
HOURS = 12
Read = TypeVar("Read")


def content_of(upload: UploadedFile[bytes]) -> tuple[str, bytes]:
    """A plain name and the bytes of an uploaded file; ValidationError when it is too large for a page."""
    if (upload.size or 0) > MOST_BYTES:
        raise ValidationError(_("The file is too large for this page; at most 20 MB were expected."))
    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in upload.name or "")
    return plain[-60:] or "file", b"".join(upload.chunks())


def read_as_file(name: str, content: bytes, read: Callable[[Path], Read]) -> Read:
    """What a reader of files makes of the bytes; no file is left behind."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"f-{name}"
        path.write_bytes(content)
        return read(path)


def hold(salt: str, name: str, content: bytes, told: dict[str, Any]) -> str:
    """A token that gives the file back; empty when the file is too large to be held."""
    packed = base64.b85encode(zlib.compress(content, 6)).decode()
    if len(packed) > LONGEST:
        return ""
    return signing.dumps({"name": name, "content": packed, "told": told}, salt=salt)


def held(salt: str, token: str) -> tuple[str, bytes, dict[str, Any]]:
    """Name, bytes and what was told with them; ValidationError when the token is none of ours or too old."""
    try:
        found = signing.loads(token, salt=salt, max_age=HOURS * 3600)
        return found["name"], zlib.decompress(base64.b85decode(found["content"])), found["told"]
    except (signing.BadSignature, ValueError, KeyError, TypeError, zlib.error):
        raise ValidationError(
            _("What was looked at is no longer at hand; choose the file again."), code="gone"
        ) from None
