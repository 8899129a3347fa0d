"""Files made to break a reader: refused in time, within bounds, with a reason; nothing is stored."""

import io
import socket
import struct
import time
import zipfile

import pytest
from django.core.exceptions import ValidationError

from indicators.entry.importing import files
from indicators.exchange.iati_reading import read_content
from tests.entry.import_scenes import FileScene, lines, workbook
from tests.entry.test_naughty import naughty_strings

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    return FileScene()


def package(*entries, compression=zipfile.ZIP_DEFLATED):
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", compression) as made:
        for name, content in entries:
            made.writestr(name, content)
    return output.getvalue()


WORKBOOK = (
    ("[Content_Types].xml", "<Types/>"),
    ("xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="S" r:id="a"/></sheets></workbook>'),
    (
        "xl/_rels/workbook.xml.rels",
        '<Relationships><Relationship Id="a" Target="worksheets/sheet1.xml"/></Relationships>',
    ),
)


def far_cell():
    return workbook(("S", [["indicator"]], lambda book, sheet: sheet.write(1_048_575, 16_383, "here")))


def lying_size():
    """The directory says that the entry is small."""
    made = bytearray(package(*WORKBOOK, ("xl/worksheets/sheet1.xml", b"0" * 30_000_000)))
    place = made.rfind(b"PK\x01\x02")
    struct.pack_into("<I", made, place + 24, 100)
    return bytes(made)


def encrypted():
    made = bytearray(package(*WORKBOOK))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = made.find(mark)
        while place >= 0:
            made[place + offset] |= 1
            place = made.find(mark, place + 4)
    return bytes(made)


def overlapping():
    """Many entries that share one compressed body."""
    one = package(("xl/worksheets/sheet1.xml", b"0" * 5_000_000))
    directory = one[one.find(b"PK\x01\x02") : one.find(b"PK\x05\x06")]
    end = bytearray(one[one.find(b"PK\x05\x06") :])
    struct.pack_into("<HH", end, 8, 200, 200)
    struct.pack_into("<I", end, 12, len(directory) * 200)
    return one[: one.find(b"PK\x01\x02")] + directory * 200 + bytes(end)


def zip64_lie():
    """The end of the directory says that the real one is elsewhere, and names a place that is none."""
    made = package(*WORKBOOK)
    end = bytearray(made[made.rfind(b"PK\x05\x06") :])
    struct.pack_into("<HHII", end, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    locator = struct.pack("<IIQI", 0x07064B50, 0, 2**63 - 1, 1)
    return made[: made.rfind(b"PK\x05\x06")] + locator + bytes(end)


def hundred_thousand_entries():
    """A directory of 100,000 entries, in the form for many."""
    one = package(("xl/a.xml", b""))
    start = one.find(b"PK\x01\x02")
    directory = one[start : one.find(b"PK\x05\x06")] * 100_000
    big = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, 100_000, 100_000, len(directory), start)
    locator = struct.pack("<IIQI", 0x07064B50, 0, start + len(directory), 1)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return one[:start] + directory + big + locator + end


def quine():
    """A package that holds itself, as far as its directory says: the entry's body is the package's own start."""
    one = bytearray(package(("xl/workbook.xml", b"x" * 100), compression=zipfile.ZIP_STORED))
    place = one.rfind(b"PK\x01\x02")
    struct.pack_into("<II", one, place + 20, len(one), len(one))
    return bytes(one)


BOMBS = {
    "flat": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", b"0" * 250_000_000)),
    "ratio": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", b"0" * 50_000_000)),
    "nested": lambda: package(("xl/workbook.xml", package(("inner.zip", b"0" * 60_000_000)) * 1), ("a",
    b"0" * 60_000_000)),
    "overlapping": overlapping,
    "many entries": lambda: package(*[(f"xl/{n}.xml", b"") for n in range(2000)]),
    "hundred thousand entries": hundred_thousand_entries,
    "zip64 lie": zip64_lie,
    "quine": quine,
    "encrypted": encrypted,
    "lying size": lying_size,
    "far cell": far_cell,
    "truncated": lambda: workbook(("S", [["indicator", "period"]]))[:700],
    "no workbook": lambda: package(("word/document.xml", "<a/>")),
    "empty package": lambda: package(),
    "broken sheet": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row")),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_B5_packages_made_to_burst_are_refused_in_time(scene, name):
    content = BOMBS[name]()
    started = time.monotonic()

    made = scene.send(content, name="f.xlsx")

    assert time.monotonic() - started < 20, "2 s alone, and a busy machine"
    assert made.state == "failed", made.state
    assert made.problem
    assert "Traceback" not in made.problem


class Canary:
    """A door on this machine that nobody should knock at."""

    def __init__(self):
        self.door = socket.create_server(("127.0.0.1", 0))
        self.door.settimeout(0.05)
        self.address = f"http://127.0.0.1:{self.door.getsockname()[1]}"

    def was_asked(self):
        try:
            self.door.accept()
        except TimeoutError:
            return False
        return True


@pytest.fixture(scope="module")
def canary():
    found = Canary()
    yield found
    found.door.close()


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML_TRICKS = {
    "laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><dataValueSet>&l9;</dataValueSet>',
    "quadratic": f'<!DOCTYPE a [<!ENTITY b "{"x" * 50_000}">]><dataValueSet>{"&b;" * 5000}</dataValueSet>',
    "external": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><dataValueSet>&b;</dataValueSet>',
    "parameter": '<!DOCTYPE a [<!ENTITY % b SYSTEM "CANARY/x">%b;]><dataValueSet/>',
    "dtd": '<!DOCTYPE dataValueSet SYSTEM "CANARY/x.dtd"><dataValueSet/>',
    "xinclude": '<dataValueSet xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="CANARY/x" parse="text"/>'
    '<xi:include href="file:///etc/passwd" parse="text"/></dataValueSet>',
    "huge attribute": f'<dataValueSet a="{"x" * 12_000_000}"/>',
    "stylesheet": '<?xml-stylesheet href="CANARY/x.xsl"?><dataValueSet xmlns:x="CANARY/" '
    'x:schemaLocation="CANARY/ CANARY/x"/>',
    "deep": "<dataValueSet>" + "<a>" * 100_000,
    "another root": "<html><body>hello</body></html>",
    "unclosed": '<dataValueSet><dataValue value="1"',
    "undefined entity": "<dataValueSet>&nothing;</dataValueSet>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "nul": "<dataValueSet>\x00</dataValueSet>",
    "twice": '<dataValueSet a="1" a="2"/>',
}


UNHEARD = {"xinclude", "stylesheet"}
"""What they ask for is not looked at: such a set is read as one without any value."""


@pytest.mark.parametrize("name", XML_TRICKS)
def test_B6_xml_made_to_burst_is_refused_in_time(scene, canary, name):
    content = '<?xml version="1.0"?>' + XML_TRICKS[name].replace("CANARY", canary.address)
    started = time.monotonic()

    made = scene.send(content, name="s.xml")

    assert time.monotonic() - started < 10
    if name in UNHEARD:
        assert sum(made.counts["kinds"].values()) == 0
    else:
        assert made.state == "failed"
    assert "root:" not in made.problem
    assert not canary.was_asked()


@pytest.mark.parametrize("name", XML_TRICKS)
def test_B6_xml_made_to_burst_is_refused_by_the_reader_of_iati_files(canary, name):
    trick = XML_TRICKS[name].replace("CANARY", canary.address).replace("dataValueSet", "iati-activities")
    content = '<?xml version="1.0"?>' + trick.replace(
        "<iati-activities", '<iati-activities version="2.03"', 1
    )
    started = time.monotonic()
    said = ""

    try:
        read = read_content(content.encode(), "a.xml")
    except ValidationError as refusal:
        said = " ".join(refusal.messages)
    else:
        assert read.activities == ()

    assert time.monotonic() - started < 10
    assert "root:" not in said
    assert not canary.was_asked()


@pytest.mark.parametrize(
    "content",
    [
        '{"dataValues": ' + "[" * 100_000, '{"dataValues": [1, null, "x", {}]}', '{"dataValues": {}}', "{", "{}",
        '{"dataValues": []}',
        '{"dataValues": [{"dataElement": {"a": 1}, "value": [1]}]}', '{"dataValues": [{"value": "\\ud800\\u0000"}]}',
        '{"dataValues": [{"dataElement": "CT-02", "period": "2025Q3", "value": 1e999, "comment": "\\u0000"}]}',
        '{"dataValues": [{"dataElement": "CT-02", "period": "2025Q3", "value": 12345678901234567890123}]}',
        '{"a": 1, "a": 2}',
    ],
)  # fmt: skip
def test_json_of_any_shape_is_answered(scene, content):
    made = scene.send(content, name="s.json")

    assert made.state in {"failed", "mapping", "checked"}
    assert made.counts.get("kinds", {}).get("new", 0) == 0


def test_naughty_texts_in_every_cell_are_kept_or_refused(scene):
    texts = [text for text in naughty_strings() if "\x00" not in text]
    rows = [["indicator", "period", "value", "comment"]]
    rows += [["CT-02", "2025 Q3", "7", text] for text in texts] + [[text, text, text, text] for text in texts]
    output = io.StringIO()
    import csv

    csv.writer(output).writerows(rows)
    made = scene.send(output.getvalue().encode("utf-8", errors="replace"))

    assert made.state == "checked", made.problem
    assert sum(made.counts["kinds"].values()) >= 2 * len(texts) - 5  # rows of nothing but spaces say nothing
    assert made.counts["kinds"]["new"] <= 1


def test_a_file_beyond_its_bounds_is_refused(scene, monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 3)
    made = scene.send(lines(*[f"BS-01,2025 Q{q},BSR,30,60," for q in (1, 2, 3)]))
    assert (made.state, "more than 3 rows" in made.problem) == ("failed", True)
    monkeypatch.setattr(files, "MAX_COLUMNS", 3)
    assert "more than 3 columns" in scene.send(lines("BS-01,2025 Q1,BSR,30,60,")).problem
