"""Quality at the door: every hard error and soft warning fires on its planted case and is quiet on innocent series."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from indicators.entry import actions
from indicators.entry.checks import clean_figures
from indicators.entry.unusual import Entry, warnings_of, warnings_of_many
from indicators.models import Observation
from tests import factories as make
from tests.entry.scenes import LATER, Scene

pytestmark = pytest.mark.django_db
TODAY = date(2025, 10, 20)
NUMBER = {
    "value_type": "number", "unit": "points", "scale": 1, "numerator_label": "", "denominator_label": "",
    "min_denominator": None, "min_data_rule": "", "site_rule": "sum",
}  # fmt: skip
COUNT = NUMBER | {"value_type": "count", "unit": "posts"}
PARTS = [{"name": "sex", "categories": [{"code": "f"}, {"code": "m"}]}]


def numbers(*values):
    return [Decimal(str(value)) for value in values]


class Site:
    """An indicator with two sites, their approved figures so far, and a new figure at the door."""

    def __init__(self, kind=NUMBER, history=(), **version):
        self.programme = make.make_programme()
        self.units = [make.make_unit(self.programme, name=name) for name in ("North", "South")]
        self.indicator = make.make_indicator(
            self.programme, version=make.make_version(**(kind | version)), units=self.units
        )
        self.periods = make.make_quarters(self.programme, since=2020, until=2025)
        self.now = next(one for one in self.periods if one.label == "2025 Q3")
        before = self.periods[: self.periods.index(self.now)]
        for period, value in zip(before[len(before) - len(history) :], numbers(*history), strict=True):
            make.make_observation(self.indicator, period, unit=self.units[0], value=value)

    def figures(self, **given):
        given = {"as_of": self.now.ends_on} | given
        return clean_figures(given, version=self.indicator.version, period=self.now, today=TODAY)

    def entry(self, unit=0, cell="", **given):
        return Entry(
            indicator=self.indicator, period=self.now, unit=self.units[unit], cell=cell,
            figures=self.figures(**given), has_evidence=True,
        )  # fmt: skip

    def said(self, has_evidence=True, cell="", **given):
        return warnings_of(
            indicator=self.indicator, period=self.now, unit=self.units[0], cell=cell,
            figures=self.figures(**given), has_evidence=has_evidence,
        )  # fmt: skip


# --- Hard errors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "given", "field", "said"),
    [
        ({}, {"numerator": "61", "denominator": "60"}, "numerator", "larger than the denominator 60"),
        ({}, {"numerator": "-1", "denominator": "60"}, "numerator", "0 or more was expected"),
        ({}, {"numerator": "1", "denominator": "0"}, "denominator", "above 0 was expected"),
        ({}, {"numerator": "1"}, "denominator", "No denominator was given"),
        (COUNT, {"value": "-1"}, "value", "0 or more was expected"),
        (NUMBER | {"upper_bound": Decimal(10)}, {"value": "11"}, "value", "points or less was expected"),
        (NUMBER | {"lower_bound": Decimal(1)}, {"value": "0"}, "value", "points or more was expected"),
        (NUMBER, {"value": "5", "as_of": date(2025, 10, 21)}, "as_of", "lies in the future"),
        (NUMBER, {"value": "5", "as_of": date(2025, 6, 30)}, "as_of", "before the period begins"),
        (NUMBER, {"value": "5", "as_of": None}, "as_of", "No date was given"),
        (NUMBER, {"value": "5", "marking": "NATO SECRET"}, "marking", "NATO UNCLASSIFIED was expected"),
        (NUMBER, {"value": "5", "comment": "(NS) It moves at dawn."}, "comment", "carries a marking"),
        (NUMBER, {"value": "5", "missing_reason": "not_collected"}, "value", "together with a reason"),
        (NUMBER, {"value": "five"}, "value", "five"),
        (NUMBER, {}, "value", "0 is a number"),
    ],
)
def test_what_is_impossible_is_refused_at_its_field_in_one_sentence(version, given, field, said):
    site = Site(version)
    with pytest.raises(ValidationError) as refusal:
        site.figures(**given)
    assert set(refusal.value.message_dict) == {field}
    (text,) = refusal.value.message_dict[field]
    assert said in text
    assert text.endswith(".")


# --- Soft warnings -----------------------------------------------------------------------------------------------

WAVY = (31, 34, 38, 39, 33, 36)
PLANTED = [
    ("outlier by median and MAD", NUMBER, WAVY, {"value": "81"}, "far from the usual"),
    ("jump", NUMBER, (31, 33, 32, 34, 33, 34), {"value": "52"}, "times the usual step"),
    ("first change of a still series", NUMBER, (12,) * 6, {"value": "13"}, "the first other one"),
    ("first change of a series of noughts", COUNT, (0,) * 6, {"value": "3"}, "the first other one"),
    ("jump of an almost still series", COUNT, (2, 2, 2, 3, 3, 3, 3), {"value": "9"}, "the largest step so far"),
    ("the same again and again", NUMBER, (3, 7, 7, 7), {"value": "7"}, "same as the previous three"),
    ("round numbers", NUMBER, (10, 25, 30, 15), {"value": "45"}, "multiples of 5"),
    ("one digit", COUNT, (), {"value": "7777"}, "one digit again and again"),
    ("a code for unknown", COUNT, (), {"value": "999"}, "one digit again and again"),
    ("a late day", NUMBER, (), {"value": "5", "as_of": date(2025, 10, 18)}, "on which the period was due"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "history", "given", "said"), [one[1:] for one in PLANTED], ids=[o[0] for o in PLANTED]
)
def test_a_planted_case_is_named_in_one_sentence_and_no_other_rule_speaks_for_it(kind, history, given, said):
    found = Site(kind, history).said(**given)
    assert any(said in one for one in found), found
    assert all(one.endswith((".", "?", ").")) for one in found)


def test_no_evidence_is_named():
    assert any("No evidence is given" in one for one in Site({}).said(False, numerator="3", denominator="7"))


def test_parts_that_do_not_add_up_are_named():
    site = Site(COUNT, disaggregations=PARTS)
    for cell, value in (("sex=f", 3), ("sex=m", 4)):
        make.make_observation(site.indicator, site.now, unit=site.units[0], cell=cell, value=Decimal(value))
    assert any("give value 7, but the total says 9" in one for one in site.said(value="9"))
    assert site.said(value="7") == []


@pytest.mark.parametrize("state", ["draft", "submitted", "approved"])
def test_the_same_figure_of_another_unit_is_named_whoever_entered_it(state):
    site = Site({})
    make.make_observation(
        site.indicator,
        site.now,
        unit=site.units[1],
        numerator=Decimal(113),
        denominator=Decimal(240),
        state=state,
    )
    found = site.said(numerator="113", denominator="240")
    assert [one for one in found if "entered twice" in one] == [
        "South has exactly the same in this period; was it entered twice?"
    ]
    assert site.said(numerator="114", denominator="240") == []


def test_the_same_words_beside_a_small_figure_are_named():
    site = Site(COUNT)
    text = "Two posts were rebuilt after the flood."
    make.make_observation(site.indicator, site.now, unit=site.units[1], value=Decimal(2), comment=text)
    assert any("entered twice" in one for one in site.said(value="2", comment=text))
    assert site.said(value="2", comment="Another two, and another story.") == []
    assert site.said(value="3", comment=text) == []


def test_a_batch_is_compared_with_itself():
    site = Site(COUNT)
    found = warnings_of_many([site.entry(0, value="4711"), site.entry(1, value="4711")])
    assert [len(one) for one in found] == [1, 1]
    assert "South" in found[0][0]
    assert "North" in found[1][0]


@pytest.mark.parametrize("same", ["cell", "period", "rejected", "level"])
def test_what_may_well_be_the_same_is_not_a_twin(same):
    site = Site(NUMBER | {"value_type": "ordinal"} if same == "level" else COUNT, disaggregations=PARTS)
    given = {"unit": site.units[1], "value": Decimal(3 if same == "level" else 4711)}
    given |= {"cell": "sex=f"} if same == "cell" else {}
    given |= {"state": "rejected"} if same == "rejected" else {}
    period = site.periods[0] if same == "period" else site.now
    make.make_observation(site.indicator, period, **given)
    assert site.said(value=str(given["value"])) == []


INNOCENT = [
    (NUMBER, WAVY, "35"), (NUMBER, (31, 33, 32, 34, 33), "34"), (NUMBER, (), "12"), (NUMBER, (12, 12), "12"),
    (NUMBER, (12,) * 2, "15"), (NUMBER, (1.5, 1.7, 1.6, 1.9, 2.1), "2.2"), (NUMBER, (100, 90, 95, 85, 97), "92"),
    (NUMBER, (-3, -1, -2, 0, -4), "-2"), (COUNT, (0, 1, 0, 2, 1, 0), "1"), (COUNT, (0, 0, 0, 1, 0, 0), "1"),
    (COUNT, (5, 5, 6, 5, 5), "6"), (COUNT, (120, 131, 128, 140, 133), "137"), (COUNT, (3, 4), "5"),
    (COUNT, (), "111"), (COUNT, (), "1000"), (COUNT, (), "3"), (NUMBER, (), "33.33"), (NUMBER, (), "99"),
    (NUMBER | {"value_type": "ordinal"}, (2,) * 8, "3"), (NUMBER | {"value_type": "binary"}, (0,) * 8, "1"),
    (NUMBER | {"value_type": "milestone"}, (0,) * 8, "1"), (NUMBER, (10, 20, 30, 40, 50), "57"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "history", "value"), INNOCENT)
def test_an_innocent_series_raises_no_warning(kind, history, value):
    assert Site(kind, history).said(value=value) == []


def test_at_least_twenty_innocent_series_are_tried():
    assert len(INNOCENT) >= 20


def test_a_warning_passes_with_a_comment_and_not_without():
    scene = Scene()
    figures = {"numerator": "7777", "denominator": "9000"}
    draft = scene.record(source="form", **figures)
    with pytest.raises(ValidationError) as refusal:
        actions.submit_observation(observation=draft, by=scene.officer, at=LATER)
    assert {one.code for one in refusal.value.error_dict["comment"]} == {"warning"}
    assert Observation.objects.get().state == "draft"

    actions.change_observation(
        observation=draft, version=1, by=scene.officer, at=LATER, comment="Counted twice, by two people."
    )
    actions.submit_observation(observation=draft, by=scene.officer, at=LATER + timedelta(hours=1))
    assert Observation.objects.get().state == "submitted"


def test_the_approver_is_told_of_a_twin_by_another_officer(client):
    site = Site(COUNT)
    for unit in site.units:
        make.make_observation(
            site.indicator, site.now, unit=unit, value=Decimal(4711), state="submitted", decided_by=None,
            decided_at=None, entered_by=make.make_user(programme=site.programme),
        )  # fmt: skip
    client.force_login(make.make_user(programme=site.programme, role="approver"))
    page = client.get("/review/").text
    assert "South has exactly the same in this period" in page
    assert "North has exactly the same in this period" in page


@pytest.mark.parametrize("n", [1, 20])
def test_many_entries_are_checked_with_as_many_queries_as_one(n, django_assert_num_queries):
    site = Site(COUNT, WAVY, disaggregations=PARTS)
    site.units += [make.make_unit(site.programme) for _ in range(n)]
    entries = [site.entry(number, value=str(100 + number)) for number in range(n)]
    # earlier figures; figures beside; the rules of the day
    with django_assert_num_queries(3):
        assert len(warnings_of_many(entries)) == n
