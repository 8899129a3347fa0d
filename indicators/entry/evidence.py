"""Evidence files: what a file really is, its hash, its place. Trusts neither its name nor its declared type."""

from __future__ import annotations

import hashlib
import unicodedata
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.core.validators import URLValidator
from django.db import transaction
from django.utils.translation import gettext as _

from indicators.entry.checks import clean_text
from indicators.entry.file_text import text_of
from indicators.events import Deed, remember, remember_all
from indicators.markings import check_marking
from indicators.models import Evidence, Observation, User
from indicators.models.observations import evidence_path
from indicators.periods import locked_refusal, takes_writes_of
from indicators.permissions import check_may_edit_observation, standings

MEGABYTE = 1024 * 1024
MAX_FILES = 10
MAX_NAME = 120
MAX_LINK = 500
MAX_ENTRIES = 1000
MAX_UNPACKED = 200 * MEGABYTE
MAX_RATIO = 100

CONTENT_TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "csv": "text/csv",
    "txt": "text/plain",
}
"""Extensions that are taken, and what they are served as."""
SPELLINGS = {"jpeg": "jpg", "csv": "text", "txt": "text"}
MARKUP = (b"<svg", b"<html", b"<!doctype", b"<script", b"<?xml", b"<body", b"<iframe")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedFile:
    """A file that may be kept."""

    file: File[bytes]
    name: str
    content_type: str
    sha256: str
    size: int


def max_file_size() -> int:
    """In bytes; the setting EVIDENCE_MAX_BYTES, 20 MB unless set."""
    return int(getattr(settings, "EVIDENCE_MAX_BYTES", 20 * MEGABYTE))


def upload_limits() -> dict[str, Any]:
    """What a page says of uploads before anything is sent; the server checks all of it again."""
    return {
        "max_bytes": max_file_size(),
        "max_megabytes": max_file_size() // MEGABYTE,
        "max_files": MAX_FILES,
        "file_types": ",".join(f".{extension}" for extension in CONTENT_TYPES),
    }


def check_file(file: File[bytes]) -> CheckedFile:
    """The file with its safe name, true type and hash; ValidationError names what was given and expected.

    Markings are looked for first in the name, which the refusals after it repeat, and last in what the file says.
    """
    name = safe_name(file.name or "")
    check_marking(name)
    size = file.size
    if size == 0:
        raise _refusal(name, _("it is empty"))
    if size > max_file_size():
        raise _refusal(
            name,
            _("it has %(given)s MB; at most %(limit)s MB were expected")
            % {"given": f"{size / MEGABYTE:.1f}", "limit": max_file_size() // MEGABYTE},
        )
    extension = PurePath(name).suffix.lower().lstrip(".")
    if extension not in CONTENT_TYPES:
        raise _refusal(name, _("expected a file of type %(types)s") % {"types": ", ".join(CONTENT_TYPES)})
    found = _kind_of(file)
    if found != SPELLINGS.get(extension, extension):
        raise _refusal(
            name, _("its content is not what its name says (%(extension)s)") % {"extension": extension}
        )
    check_marking(text_of(file, found))
    return CheckedFile(
        file=file, name=name, content_type=CONTENT_TYPES[extension], sha256=_hash(file), size=size
    )


def check_files(files: Iterable[File[bytes]]) -> list[CheckedFile]:
    """All files checked; ValidationError with a message for each that is refused."""
    files = list(files)
    if len(files) > MAX_FILES:
        raise ValidationError(
            _("%(given)s files were given; at most %(limit)s at once were expected."),
            code="evidence",
            params={"given": len(files), "limit": MAX_FILES},
        )
    checked, problems = [], []
    for number, file in enumerate(files, 1):
        try:
            checked.append(check_file(file))
        except ValidationError as problem:
            problems.append(_numbered(problem, number) if problem.code == "marking" else problem)
    if problems:
        raise ValidationError(problems)
    return checked


def _numbered(problem: ValidationError, number: int) -> ValidationError:
    """Which file it is by its place: the name of one that carries a marking is not repeated."""
    said = _("File %(number)s: %(said)s") % {"number": number, "said": " ".join(problem.messages)}
    return ValidationError(said, code="marking")


def safe_name(given: str) -> str:
    """A name that can be shown and offered for download: no path, no control or direction characters."""
    name = unicodedata.normalize("NFC", given).replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(c for c in name if c.isprintable() and unicodedata.category(c) != "Cf").strip(" .")
    suffix = PurePath(name).suffix[:12]
    stem = name[: len(name) - len(suffix)] if suffix else name
    return (stem[: MAX_NAME - len(suffix)] or _("file")) + suffix


def clean_link(given: str) -> str:
    """A web address without a password in it; ValidationError if it is none."""
    link = given.strip()
    if not link:
        return ""
    try:
        URLValidator(schemes=["http", "https"])(link)
    except ValidationError:
        raise ValidationError(
            _("“%(given)s” was given; a web address such as https://example.org/report was expected."),
            code="link",
            params={"given": link[:80]},
        ) from None
    if len(link) > MAX_LINK or urlsplit(link).username is not None:
        raise ValidationError(
            _("A web address of at most 500 characters, without a user name, was expected.")
        )
    check_marking(link)
    return link


@transaction.atomic
def add_evidence(
    *,
    observation: Observation,
    files: Iterable[CheckedFile] = (),
    link: str = "",
    elsewhere: str = "",
    by: User,
    at: datetime,
) -> list[Evidence]:
    """Attach evidence to a draft or a returned figure, as it is now and not as it was when it was looked at."""
    observation = _locked(observation.pk)
    check_may_edit_observation(by, observation)
    if not observation.by_request and not takes_writes_of(observation.period, by, at):
        raise locked_refusal(observation.period)
    return attach_evidence(observation=observation, files=files, link=link, elsewhere=elsewhere, by=by, at=at)


@transaction.atomic
def add_evidence_to_all(
    *, observations: Sequence[Observation], elsewhere: str, by: User, at: datetime
) -> list[Evidence]:
    """Say of many drafts at once where their evidence is held, as far as they have none. Four queries at most.

    Args:
        elsewhere: a note, or a web address; nothing is added when it is empty.
    """
    text = clean_text(elsewhere)
    if not text or not observations:
        return []
    held = standings(by, {one.indicator.programme_id for one in observations})
    for one in observations:
        check_may_edit_observation(by, one, roles=held[one.indicator.programme_id].roles)
    pks = [one.pk for one in observations]
    proven = set(Evidence.objects.filter(observation__in=pks).values_list("observation_id", flat=True))
    bare = [one for one in observations if one.pk not in proven and not one.missing_reason]
    is_link = text.lower().startswith(("https://", "http://"))
    what: dict[str, Any] = (
        {"kind": Evidence.Kind.LINK, "link": clean_link(text)}
        if is_link
        else {"kind": Evidence.Kind.ELSEWHERE}
    )
    added = Evidence.objects.bulk_create(
        Evidence(observation=one, name=text[:200], added_by=by, added_at=at, **what) for one in bare
    )
    remember_all(
        [
            Deed(
                verb="evidence added",
                about=one,
                programme=one.indicator.programme_id,
                after={"evidence": [text[:200]]},
            )
            for one in bare
        ],
        by=by,
        at=at,
    )
    return added


def attach_evidence(
    *,
    observation: Observation,
    files: Iterable[CheckedFile],
    link: str,
    elsewhere: str,
    by: User,
    at: datetime,
) -> list[Evidence]:
    """Keep files, a link, a note where evidence is held; the same twice is kept once.

    Asks no permission: only for actions that did, in their transaction.
    """
    kept = list(observation.evidence.all())
    added = [
        _keep_file(observation, checked, by=by, at=at)
        for checked in {one.sha256: one for one in files}.values()
        if checked.sha256 not in {one.sha256 for one in kept}
    ]
    for kind, text in (
        (Evidence.Kind.LINK, clean_link(link)),
        (Evidence.Kind.ELSEWHERE, clean_text(elsewhere)),
    ):
        if text and (kind, text[:200]) not in {(one.kind, one.name) for one in kept}:
            shown = {"link": text} if kind == Evidence.Kind.LINK else {}
            added.append(
                Evidence.objects.create(
                    observation=observation, kind=kind, name=text[:200], added_by=by, added_at=at, **shown
                )
            )
    if added:
        remember(
            "evidence added",
            by=by,
            at=at,
            about=observation,
            programme=observation.indicator.programme_id,
            after={"evidence": [f"{one.name} {one.sha256}".strip() for one in added]},
        )
    return added


@transaction.atomic
def remove_evidence(*, evidence: Evidence, by: User, at: datetime) -> None:
    """Take evidence away from a draft or a returned figure; a file that nothing else rests on goes for good.

    Raises:
        PermissionDenied: the figure is handed in or approved, or somebody else's programme.
    """
    observation = _locked(evidence.observation_id)  # type: ignore[attr-defined]
    check_may_edit_observation(by, observation)
    if not Evidence.objects.filter(pk=evidence.pk).exists():
        return  # Somebody else removed it a moment ago.
    path = evidence.file.name if evidence.kind == Evidence.Kind.FILE else ""
    remember(
        "evidence removed",
        by=by,
        at=at,
        about=observation,
        programme=observation.indicator.programme_id,
        before={"evidence": f"{evidence.name} {evidence.sha256}".strip()},
    )
    Evidence.objects.filter(pk=evidence.pk).delete()
    if path:
        transaction.on_commit(lambda: _forget_file(path))


def _locked(pk: int) -> Observation:
    found: Observation | None = (
        Observation.objects.select_for_update(of=("self",))
        .select_related("indicator__programme")
        .filter(pk=pk)
        .first()
    )
    if found is None:
        raise ValidationError(_("This draft was discarded by somebody else."), code="conflict")
    return found


def _forget_file(path: str) -> None:
    """Remove a stored file unless other evidence has the same content."""
    if not Evidence.objects.filter(file=path).exists():
        default_storage.delete(path)


def _keep_file(observation: Observation, checked: CheckedFile, *, by: User, at: datetime) -> Evidence:
    evidence = Evidence(
        observation=observation,
        kind=Evidence.Kind.FILE,
        name=checked.name,
        sha256=checked.sha256,
        size=checked.size,
        content_type=checked.content_type,
        added_by=by,
        added_at=at,
    )
    path = evidence_path(evidence, checked.name)
    if not default_storage.exists(path):  # the same content is kept once
        checked.file.seek(0)
        path = default_storage.save(path, checked.file)
    evidence.file.name = path
    evidence.save(force_insert=True)
    return evidence


def _refusal(name: str, why: str) -> ValidationError:
    return ValidationError(
        _("“%(name)s” was refused: %(why)s."), code="evidence", params={"name": name, "why": why}
    )


def _hash(file: File[bytes]) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()


def _kind_of(file: File[bytes]) -> str:
    """pdf, png, jpg, docx, xlsx, odt, ods, text; or empty when it is none of them."""
    file.seek(0)
    head = file.read(1024)
    for signature, kind in ((b"%PDF-", "pdf"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\xd8\xff", "jpg")):
        if head.startswith(signature):
            return kind
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_package(file)
    return _kind_of_text(file)


def _kind_of_package(file: Any) -> str:
    """A document by its directory alone: nothing is unpacked. Bombs, encryption and macros are refused."""
    try:
        with zipfile.ZipFile(file) as package:
            check_package(package)
            names = set(package.namelist())
            said = package.read("mimetype")[:100].decode("ascii", "replace") if "mimetype" in names else ""
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, RuntimeError, zlib.error):
        return ""
    if any(name.lower().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
        return ""
    if "content.xml" in names:
        return next((kind for kind in ("odt", "ods") if said == CONTENT_TYPES[kind]), "")
    if "[Content_Types].xml" not in names:
        return ""
    if "word/document.xml" in names:
        return "docx"
    return "xlsx" if "xl/workbook.xml" in names else ""


def check_package(package: zipfile.ZipFile) -> None:
    """Raise ValidationError when a package is a bomb or encrypted; reads its directory only."""
    entries = package.infolist()
    unpacked = sum(one.file_size for one in entries)
    packed = sum(one.compress_size for one in entries)
    if len(entries) > MAX_ENTRIES or unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(packed, 1):
        raise ValidationError(
            _("The file unpacks to far more than it holds; it was not opened."), code="bomb"
        )
    if any(one.flag_bits & 0x1 for one in entries):
        raise ValidationError(
            _("The file is encrypted; a file without a password was expected."), code="encrypted"
        )


def _kind_of_text(file: File[bytes]) -> str:
    file.seek(0)
    content = file.read(max_file_size() + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""
    if any(ord(c) < 32 and c not in "\t\r\n\f" for c in text):
        return ""
    start = content.removeprefix(b"\xef\xbb\xbf")[:4096].lstrip().lower()
    if start.startswith(b"<") or any(mark in start for mark in MARKUP):
        return ""
    return "text"
