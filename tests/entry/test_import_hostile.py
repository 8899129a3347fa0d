"""Files made to break a reader: refused in time, within bounds, with a reason; nothing is stored."""

import io
import json
import random
import struct
import time
import zipfile

import pytest

from indicators.entry.importing import files
from indicators.models import FileImport, Observation
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


BOMBS = {
    "flat": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", b"0" * 250_000_000)),
    "ratio": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", b"0" * 50_000_000)),
    "nested": lambda: package(("xl/workbook.xml", package(("inner.zip", b"0" * 60_000_000)) * 1), ("a",
    b"0" * 60_000_000)),
    "overlapping": overlapping,
    "many entries": lambda: package(*[(f"xl/{n}.xml", b"") for n in range(2000)]),
    "encrypted": encrypted,
    "lying size": lying_size,
    "far cell": far_cell,
    "truncated": lambda: workbook(("S", [["indicator", "period"]]))[:700],
    "no workbook": lambda: package(("word/document.xml", "<a/>")),
    "empty package": lambda: package(),
    "broken sheet": lambda: package(*WORKBOOK, ("xl/worksheets/sheet1.xml", "<worksheet><sheetData><row")),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_b5_packages_made_to_burst_are_refused_in_time(scene, name):
    content = BOMBS[name]()
    started = time.monotonic()

    made = scene.send(content, name="f.xlsx")

    assert time.monotonic() - started < 20, "2 s alone, and a busy machine"
    assert made.state == "failed", made.state
    assert made.problem
    assert "Traceback" not in made.problem


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
XML_TRICKS = {
    "laughs": f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><dataValueSet>&l9;</dataValueSet>',
    "quadratic": f'<!DOCTYPE a [<!ENTITY b "{"x" * 50_000}">]><dataValueSet>{"&b;" * 5000}</dataValueSet>',
    "external": '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><dataValueSet>&b;</dataValueSet>',
    "parameter": '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1:1/x">%b;]><dataValueSet/>',
    "dtd": '<!DOCTYPE dataValueSet SYSTEM "http://127.0.0.1:1/x.dtd"><dataValueSet/>',
    "deep": "<dataValueSet>" + "<a>" * 100_000,
    "another root": "<html><body>hello</body></html>",
    "unclosed": '<dataValueSet><dataValue value="1"',
    "undefined entity": "<dataValueSet>&nothing;</dataValueSet>",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "nul": "<dataValueSet>\x00</dataValueSet>",
    "twice": '<dataValueSet a="1" a="2"/>',
}


@pytest.mark.parametrize("name", XML_TRICKS)
def test_b6_xml_made_to_burst_is_refused_in_time(scene, name):
    started = time.monotonic()

    made = scene.send('<?xml version="1.0"?>' + XML_TRICKS[name], name="s.xml")

    assert time.monotonic() - started < 10
    assert made.state == "failed"
    assert "root:" not in made.problem


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


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xml", "json"])
def test_b3_mutated_files_end_in_an_answer(scene, kind, tmp_path, monkeypatch):
    """Bytes changed, cut, doubled: every one is read or refused. MUTATIONS sets how many (20,000 in a long run)."""
    import os

    base = {
        "csv": lines("BS-01,2025 Q3,BSR,30,60,", "BS-01,2025 Q2,NA,1,40,x").encode(),
        "xlsx": workbook(("S", [["indicator", "period", "value"], ["CT-02", "2025 Q3", 7]])),
        "xml": b'<dataValueSet><dataValue dataElement="CT-02" period="2025Q3" value="7"/></dataValueSet>',
        "json": json.dumps(
            {"dataValues": [{"dataElement": "CT-02", "period": "2025Q3", "value": "7"}]}
        ).encode(),
    }[kind]
    chance = random.Random(11)
    count = int(os.environ.get("MUTATIONS", "0")) or (6 if kind == "xlsx" else 25)
    for _turn in range(count):
        made = scene.send(mutated(base, chance), name=f"f.{kind}")
        assert made.state in {"failed", "mapping", "checked"}, made.state
    assert not Observation.objects.exists()
    assert not FileImport.objects.filter(state__in=["reading", "checking"]).exists()


def mutated(content, chance):
    made = bytearray(content)
    for _turn in range(chance.choice([1, 2, 8])):
        place = chance.randrange(len(made))
        match chance.randrange(4):
            case 0:
                made[place] = chance.randrange(256)
            case 1:
                del made[place : place + chance.randrange(1, 9)]
            case 2:
                made[place:place] = made[place : place + 20]
            case 3:
                made[place:place] = chance.choice(
                    [b"\x00", b"\xff", b'"', b"\n", b",", b"\xed\xa0\x80", b"&"]
                )
        if not made:
            return b"x"
    return bytes(made)


def test_a_file_beyond_its_bounds_is_refused(scene, monkeypatch):
    monkeypatch.setattr(files, "MAX_ROWS", 3)
    made = scene.send(lines(*[f"BS-01,2025 Q{q},BSR,30,60," for q in (1, 2, 3)]))
    assert (made.state, "more than 3 rows" in made.problem) == ("failed", True)
    monkeypatch.setattr(files, "MAX_COLUMNS", 3)
    assert "more than 3 columns" in scene.send(lines("BS-01,2025 Q1,BSR,30,60,")).problem
