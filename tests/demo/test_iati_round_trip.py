"""The demo's programmes out and in again: the same facts, and what the official schema and rules want."""

from datetime import UTC, date, datetime

import pytest
from django.db import transaction
from django.test import TestCase
from lxml import etree

from indicators.exchange.findings import Effect
from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_programmes import read_choices
from indicators.exchange.iati_reading import read_content
from indicators.exchange.iati_writing import write_programme
from indicators.management.demo.seeding import seed_demo
from indicators.models import Observation, Programme, State, User
from tests.exchange.rulesets import broken
from tests.exchange.scenes import ORGANISATION, PUBLISHED, SCHEMAS

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("demo")]
TODAY = date(2026, 11, 23)
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CODES = ["NMI", "ICI-RC", "MD", "ICI", "PATG"]


@pytest.fixture(scope="module", autouse=True)
def demo(django_db_setup, django_db_blocker, tmp_path_factory):
    with django_db_blocker.unblock(), transaction.atomic():
        with TestCase.captureOnCommitCallbacks(execute=True):
            seed_demo(today=TODAY, logins_file=tmp_path_factory.mktemp("demo") / "logins.txt")
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def organisation(settings):
    settings.IATI_ORGANISATION = ORGANISATION


@pytest.fixture
def admin():
    return User.objects.filter(global_role="admin").first()


def written(code):
    return write_programme(programme=Programme.objects.get(code=code), reader=None, at=AT)


@pytest.mark.parametrize("code", CODES)
def test_a_programme_reads_back_to_the_same_facts(code, admin):
    file = read_content(written(code), f"{code}.xml")

    outcome = import_file(file=file, by=admin, at=AT, dry_run=True)

    assert [str(one) for one in outcome.findings if one.effect is not Effect.NOTED] == []
    assert outcome.changes_nothing
    assert outcome.same == file.activities[0].indicators > 5
    assert outcome.figures.same == len(list(etree.fromstring(written(code)).iter("actual"))) > 100


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"{SCHEMAS} is not here; it is not part of the project")
@pytest.mark.parametrize("code", CODES)
def test_it_is_what_the_official_schema_and_rules_want(code):
    root = etree.fromstring(written(code))

    etree.XMLSchema(etree.parse(SCHEMAS / "iati-activities-schema.xsd")).assertValid(root)
    found, _applied = broken(root, PUBLISHED / "iati" / "rulesets" / "standard.json", now=TODAY.isoformat())
    assert {one for one in found if "error" in one} == set()
    assert "Illustrative" in root.xpath("string(//description[@type='4'])")


def test_in_a_new_place_it_is_the_same_programme_once_it_is_approved(admin):
    """The file under another identifier: what comes out of the programme made from it says the same."""
    content = written("PATG").replace(b"XM-TEST-1-PATG", b"XM-TEST-1-COPY")
    choices = read_choices([])

    outcome = import_file(file=read_content(content, "copy.xml"), choices=choices, by=admin, at=AT)

    left_out = outcome.of(Effect.LEFT_OUT)
    assert [str(one) for one in left_out if "course run" not in one.expected] == []
    copy = Observation.objects.filter(indicator__programme__code="COPY")
    assert set(copy.values_list("state", flat=True)) == {State.SUBMITTED}
    approver = User.objects.exclude(pk=admin.pk).first()
    copy.update(state=State.APPROVED, decided_by=approver, decided_at=AT)
    assert facts(written("COPY")) == facts(written("PATG"))


def facts(content):
    """Everything but who it is and the sentence about the file."""
    found = []
    for node in etree.fromstring(content).iter():
        if node.tag in {"iati-identifier"} or node.getparent() is None:
            continue
        if node.tag == "narrative" and node.getparent().get("type") == "4":
            continue
        found.append((node.tag, tuple(sorted(node.attrib.items())), (node.text or "").strip()))
    return found
