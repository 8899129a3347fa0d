"""What a file of evidence says, as far as that is cheap to read: for the check of markings alone. Keeps nothing.

Office files are zipped XML, read with a bound and without an XML parser, so that nothing in them is ever expanded. Of a
PDF only what stands in plain or deflated streams with ordinary encodings is read; pictures are not read at all. So this
finds careless uploads and proves nothing: whoever submits declares it too (METHOD 4.6).
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

MOST_BYTES = 8 * 1024 * 1024
"""So much unpacked text of one file is looked through."""
MOST_STREAMS = 300
PARTS = re.compile(
    r"^(word/(document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml"
    r"|xl/(sharedStrings|workbook|comments\d*|worksheets/sheet\d+)\.xml"
    r"|docProps/(core|app|custom)\.xml|content\.xml|styles\.xml|meta\.xml)$"
)
ENDS = re.compile(
    r"</(?:\w+:)?(?:p|h|si|is|row|tab|br|title|subject|keywords|description|oddHeader|oddFooter)>|<(?:\w+:)?(?:br|tab)\b[^>]*/>"
)
TAGS = re.compile(r"<[^>]{0,4000}>")
ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
STREAMS = re.compile(rb"stream\r?\n(.*?)endstream", re.DOTALL)
STRINGS = re.compile(rb"\(((?:\\.|[^\\()]){1,2000})\)|<((?:[0-9A-Fa-f]{2}){2,1000})>|(\bT[dDm*]\b|'|\bET\b)")


def text_of(file: Any, kind: str) -> str:
    """The words of a file of a known kind; empty for pictures."""
    file.seek(0)
    match kind:
        case "text":
            found = file.read(MOST_BYTES).decode("utf-8-sig", "ignore")
        case "pdf":
            found = "\n".join(_pdf_texts(file.read(MOST_BYTES)))
        case "docx" | "xlsx" | "odt" | "ods":
            found = "\n".join(_package_texts(file))
        case _:
            found = ""
    file.seek(0)
    return found


def _package_texts(file: Any) -> Iterator[str]:
    left = MOST_BYTES
    try:
        with zipfile.ZipFile(file) as package:
            for entry in package.infolist():
                if PARTS.match(entry.filename) and left > 0:
                    with package.open(entry) as part:
                        content = part.read(left)
                    left -= len(content)
                    yield _words_of(content.decode("utf-8", "ignore"))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error):
        return  # What cannot be unpacked says nothing.


def _words_of(markup: str) -> str:
    """Text without tags. A word may be split over many: only the end of a paragraph or a cell is a break."""
    text = TAGS.sub("", ENDS.sub("\n", markup))
    for name, sign in ENTITIES.items():
        text = text.replace(name, sign)
    return text


def _pdf_texts(content: bytes) -> Iterator[str]:
    """Strings of the document's facts and of its pages, each page's pieces joined as they follow one another."""
    left = MOST_BYTES
    yield _strings_of(STREAMS.sub(b"", content))
    for number, found in enumerate(STREAMS.finditer(content)):
        if number >= MOST_STREAMS or left <= 0:
            return
        page = _inflated(found[1], left)
        left -= len(page)
        if b"BT" in page and b"ET" in page:
            yield _strings_of(page)


def _inflated(stream: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream, most)
    except zlib.error:
        return stream[:most] if b"BT" in stream[:4096] else b""


def _strings_of(content: bytes) -> str:
    pieces = []
    for plain, in_hex, is_break in STRINGS.findall(content):
        if is_break:
            pieces.append("\n")
        elif in_hex:
            pieces.append(bytes.fromhex(in_hex.decode("ascii")).replace(b"\x00", b"").decode("latin-1"))
        else:
            pieces.append(re.sub(rb"\\([()\\])", rb"\1", plain).decode("latin-1"))
    return "".join(pieces)
