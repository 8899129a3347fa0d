"""A programme as an IATI file: what the standard wants, what may be in it, and that it reads back to the same facts."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from lxml import etree

from indicators.exchange.iati_importing import import_file
from indicators.exchange.iati_reading import check_schema, read_content
from indicators.exchange.iati_writing import plain, write_programme
from indicators.models import State
from tests import factories as make
from tests.exchange.rulesets import broken
from tests.exchange.scenes import AT, ORGANISATION, PUBLISHED, SCHEMAS

pytestmark = pytest.mark.django_db
SEX = [
    {
        "name": "sex",
        "label": "Sex",
        "categories": [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}],
    }
]


@pytest.fixture(autouse=True)
def organisation(settings):
    settings.IATI_ORGANISATION = ORGANISATION


@pytest.fixture
def programme():
    """One of each kind: a share by site and sex, a count, a level, a text, a range; approved and not."""
    programme = make.make_programme("OWN", name="Border <posts> & more")
    quarters = make.make_quarters(programme)
    site = make.make_unit(programme, "S-1", name="First post")
    share = make.make_indicator(
        programme,
        version=make.make_version("TST-1", name="Measured 1", disaggregations=SEX),
        units=[site],
    )
    make.make_observation(share, quarters[0], unit=site, numerator=Decimal(30), denominator=Decimal(70))
    make.make_observation(
        share, quarters[0], unit=site, cell="sex=f", numerator=Decimal(10), denominator=Decimal(30)
    )
    make.make_observation(
        share, quarters[0], unit=site, cell="sex=m", numerator=Decimal(20), denominator=Decimal(40)
    )
    make.make_observation(share, quarters[1], unit=site, missing_reason="not_collected")
    make.make_observation(share, quarters[2], unit=site, state=State.SUBMITTED)
    count = make.make_version(
        "TST-2", name="Measured 2", value_type="count", site_rule="sum", unit="posts", numerator_label=""
    )
    counted = make.make_indicator(
        programme,
        version=count,
        milestones=[(date(2025, 6, 30), Decimal(40))],
        plan={"trajectory": "milestones"},
    )
    make.make_observation(counted, quarters[3], value=Decimal("0"), reliability="B", credibility=2)
    level = make.make_version(
        "TST-3",
        name="Measured 3",
        value_type="ordinal",
        levels=[{"level": n, "label": "", "descriptor": ""} for n in range(6)],
    )
    make.make_observation(
        make.make_indicator(programme, version=level, plan={"baseline": Decimal(0), "target": Decimal(4)}),
        quarters[0],
        value=Decimal(0),
    )
    told = make.make_indicator(
        programme,
        version=make.make_version("TST-4", name="Measured 4", value_type="text"),
        plan={
            "baseline": None,
            "baseline_on": None,
            "baseline_source": "",
            "target": None,
            "target_on": None,
        },
    )
    make.make_observation(told, quarters[0], text="It went <well>.")
    ranged = make.make_version(
        "TST-5", name="Measured 5", value_type="number", direction="range", unit="days"
    )
    make.make_observation(
        make.make_indicator(
            programme,
            version=ranged,
            plan={"target": None, "target_on": None, "range_low": Decimal(2), "range_high": Decimal("3.5")},
        ),
        quarters[0],
        value=Decimal("3.25"),
    )
    return programme


def written(programme, reader=None, **given):
    return write_programme(programme=programme, reader=reader, at=AT, **given)


def root_of(programme, reader=None, **given):
    return etree.fromstring(written(programme, reader, **given))


def test_it_reads_back_to_the_same_facts(programme):
    outcome = import_file(file=read_content(written(programme), "own.xml"), by=make.make_admin(), at=AT)

    assert [str(one) for one in outcome.findings] == []
    assert [(one.identifier, one.code) for one in outcome.activities] == [("XM-TEST-1-OWN", "OWN")]
    assert outcome.changes_nothing
    assert (outcome.same, outcome.figures.same) == (5, 7)


def test_what_it_says(programme):
    root = root_of(programme)

    assert root.xpath("string(//iati-identifier)") == "XM-TEST-1-OWN"
    assert root.xpath("string(//iati-activity/title/narrative)") == "Border <posts> & more"
    assert root.xpath("string(//recipient-country/@code)") == "IR"
    first = root.xpath("//indicator[reference/@code='TST-1']")[0]
    assert (first.get("measure"), first.get("ascending"), first.get("aggregation-status")) == ("2", "1", "0")
    assert [one.get("value") for one in first.iter("actual")] == ["42.857143", "33.333333", "50"]
    assert first.xpath("period/actual/dimension/@value") == ["f", "m"]
    assert first.xpath("string(period/actual/location/@ref)") == "S-1"
    assert first.xpath("string(baseline/@iso-date)") == "2024-01-01"
    assert first.xpath("string(period[target]/period-end/@iso-date)") == "2026-12-31"
    counted = root.xpath("//indicator[reference/@code='TST-2']")[0]
    assert [one.get("value") for one in counted.iter("target")] == ["40", "80"]
    assert [one.get("value") for one in counted.iter("actual")] == ["0"]
    assert root.xpath("//indicator[reference/@code='TST-5']/@ascending") == []
    told = root.xpath("//indicator[reference/@code='TST-4']")[0]
    assert told.get("measure") == "5"
    assert told.xpath("period/actual/@value") == []
    assert told.xpath("string(period/actual/comment/narrative)") == "It went <well>."


def test_only_approved_figures_and_none_that_are_missing(programme):
    assert len(root_of(programme).xpath("//actual")) == 7


def test_cells_of_few_people_are_left_out_for_everybody(programme):
    count = make.make_version(
        "TST-6",
        name="Measured 6",
        value_type="count",
        site_rule="sum",
        unit="participants",
        disaggregations=SEX,
        numerator_label="",
    )
    people = make.make_indicator(programme, version=count)
    quarter = make.make_quarters(programme)[0]
    for cell, value in (("", 23), ("sex=f", 3), ("sex=m", 20)):
        make.make_observation(people, quarter, cell=cell, value=Decimal(value))

    for reader in (None, make.make_admin()):
        node = root_of(programme, reader).xpath("//indicator[reference/@code='TST-6']")[0]
        assert [one.get("value") for one in node.iter("actual")] == ["23"]
    assert "1 to 4 people: 2." in root_of(programme).xpath("string(//description[@type='4'])")


def test_a_partner_viewer_gets_what_is_releasable_and_no_more(programme):
    iraq = programme.partners.get()
    viewer = make.make_user(global_role="partner_viewer", partner=iraq)
    assert root_of(programme, viewer).xpath("//indicator") == []
    programme.indicators.get(definition__code="TST-1").releasable_to.add(iraq)

    root = root_of(programme, viewer)

    assert root.xpath("//reference/@code") == ["TST-1"]
    assert [one.get("value") for one in root.iter("actual")] == ["42.857143"]


def test_for_a_registry_only_what_is_public(programme):
    assert root_of(programme, is_public=True).xpath("//indicator") == []
    programme.indicators.filter(definition__code="TST-2").update(marking="PUBLIC")

    root = root_of(programme, is_public=True)

    assert root.xpath("//reference/@code") == ["TST-2"]
    assert root.xpath("//actual") == []
    assert "Marking: PUBLIC" in root.xpath("string(//description[@type='4'])")


def test_of_several_countries_no_shares_are_made_up(programme):
    programme.partners.add(make.make_partner("JOR", alpha2="JO"))
    root = root_of(programme)

    assert root.xpath("//recipient-country") == []
    assert root.xpath("//@percentage") == []
    assert root.xpath("//location/location-id/@code") == ["IR", "JO"]
    assert read_content(etree.tostring(root), "own.xml").activities[0].countries == ("IR", "JO")


@pytest.mark.parametrize("missing", ["ref", "name", "type", "role"])
def test_nothing_is_written_before_it_is_said_who_publishes(programme, settings, missing, capsys):
    settings.IATI_ORGANISATION = ORGANISATION | {missing: ""}

    with pytest.raises(ValidationError, match=f"IATI_ORGANISATION_{missing.upper()}"):
        written(programme)
    with pytest.raises(CommandError, match=f"IATI_ORGANISATION_{missing.upper()}"):
        call_command("export_iati", "OWN")


def test_the_command_writes_a_file(programme, tmp_path):
    call_command("export_iati", "OWN", "--output", tmp_path / "own.xml")

    assert read_content((tmp_path / "own.xml").read_bytes(), "own.xml").activities[0].indicators == 5
    with pytest.raises(CommandError, match="there are: OWN"):
        call_command("export_iati", "NONE")
    stranger = make.make_user("stranger")
    with pytest.raises(CommandError, match="there are: none"):
        call_command("export_iati", "OWN", "--reader", stranger.username)


def test_the_number_of_queries_does_not_grow(programme, django_assert_num_queries):
    with django_assert_num_queries(6):
        written(programme)
    quarters = make.make_quarters(programme)
    for number in range(4):
        one = make.make_indicator(programme, version=make.make_version(f"MORE-{number}"))
        for quarter in quarters:
            make.make_observation(one, quarter)
    with django_assert_num_queries(6):
        written(programme)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("1E+3", "1000"),
        ("0.1234565", "0.123456"),
        ("12.500000", "12.5"),
        ("1E-7", "0"),
    ],
)
def test_numbers_are_written_out(value, text):
    assert plain(Decimal(value)) == text


def test_a_folder_without_schemas_is_said(settings, tmp_path):
    settings.IATI_SCHEMAS = str(tmp_path)

    with pytest.raises(ValidationError, match="official schemas were expected"):
        read_content(b'<iati-activities version="2.03"/>', "a.xml")


# --- The standard ------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"{SCHEMAS} is not here; it is not part of the project")
def test_it_is_what_the_official_schema_and_rules_want(programme):
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "iati-activities-schema.xsd"))
    for countries in (1, 2):
        if countries == 2:
            programme.partners.add(make.make_partner("JOR", alpha2="JO"))
        root = root_of(programme)
        schema.assertValid(root)
        found, applied = broken(
            root, PUBLISHED / "iati" / "rulesets" / "standard.json", now=AT.date().isoformat()
        )
        assert [one for one in found if "error" in one] == []
        assert [one[:7] for one in found] == ["102.1.1"]  # a sector of the DAC list would be made up
        assert applied > 60


@pytest.mark.skipif(not SCHEMAS.exists(), reason=f"{SCHEMAS} is not here; it is not part of the project")
def test_with_the_schema_at_hand_files_that_must_fail_do_and_files_that_must_pass_do(settings):
    settings.IATI_SCHEMAS = str(SCHEMAS)
    seen = 0
    for folder, passes in (("tests-pass", True), ("tests-fail", False)):
        for path in sorted((PUBLISHED / "iati" / folder).rglob("*.xml")):
            root = etree.parse(path).getroot()
            seen += 1
            if passes:
                check_schema(root, path.name)
            else:
                with pytest.raises(ValidationError, match="schema allows"):
                    check_schema(root, path.name)
    assert seen > 200
