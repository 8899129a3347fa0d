"""Components and tags: words beside every colour, dashes for the missing, a table behind every chart."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from indicators import styleguide
from indicators.engine import explain
from indicators.icons import ICONS
from indicators.models import State, Status
from indicators.templatetags import ui


def render(source: str, **context: object) -> str:
    return Template("{% load ui charts %}" + source).render(Context(context))


@pytest.mark.parametrize("status", Status.values)
def test_every_status_has_a_badge_with_word_and_icon(status):
    badge = render('{% include "components/status_badge.html" with status=status only %}', status=status)

    assert str(Status(status).label) in badge
    assert "<svg" in badge
    assert f"status-{status}" in badge


def test_no_two_statuses_share_an_icon():
    assert len(set(ui.STATUS_ICONS.values())) == len(Status.values)


@pytest.mark.parametrize("state", State.values)
def test_every_state_of_an_observation_has_a_badge(state):
    assert state in ui.STATES
    assert "<svg" in render('{% include "components/state_badge.html" with state=state only %}', state=state)


def test_all_named_icons_exist():
    named = {*ui.STATUS_ICONS.values(), *(icon for _, icon, _ in ui.STATES.values())}

    assert named <= set(ICONS)


def test_an_approximate_status_says_so_in_words_too():
    badge = render('{% include "components/status_badge.html" with status="on_track" approx=True only %}')

    assert "≈" in badge
    assert "approximately" in badge


@pytest.mark.parametrize(
    ("source", "value", "expected"),
    [
        ("{{ v|number }}", None, "–"),
        ("{{ v|number }}", 0, "0"),
        ("{{ v|number }}", Decimal("1234567.50"), "1\u00a0234\u00a0567.5"),
        ("{{ v|number:1 }}", Decimal("2.25"), "2.3"),
        ("{{ v|number }}", Decimal("-3"), "−3"),
        ("{{ v|number:0 }}", Decimal("-0.2"), "0"),
        ("{{ v|signed:1 }}", Decimal("3.1"), "+3.1"),
        ("{{ v|signed }}", 0, "0"),
        ("{{ v|percent:1 }}", Decimal("0.835"), "83.5\u202f%"),
        ("{{ v|percent }}", None, "–"),
        ("{{ v|points }}", Decimal(0), "0\u202f%"),
        ("{{ v|day }}", date(2026, 3, 5), "5 Mar 2026"),
        ("{{ v|day }}", None, "–"),
        ("{{ v|moment }}", datetime(2026, 3, 5, 14, 5, tzinfo=UTC), "5 Mar 2026, 14:05"),
        ("{{ v|or_dash }}", 0, "0"),
        ("{{ v|or_dash }}", "", "–"),
    ],
)
def test_values_are_written_for_people(source, value, expected):
    assert render(source, v=value) == expected


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (date(2026, 3, 1), date(2026, 3, 31), "Mar 2026"),
        (date(2026, 1, 1), date(2026, 3, 31), "Q1 2026"),
        (date(2026, 1, 1), date(2026, 12, 31), "2026"),
        (date(2026, 1, 1), date(2026, 6, 30), "1 Jan 2026 – 30 Jun 2026"),
        (date(2026, 2, 1), date(2026, 4, 30), "1 Feb 2026 – 30 Apr 2026"),
    ],
)
def test_a_period_is_said_in_few_words(start, end, expected):
    assert render("{% period start end %}", start=start, end=end) == expected


CHARTS = {
    "indicator": ("{% indicator_chart data %}", styleguide.quarterly),
    "lower is better": ("{% indicator_chart data %}", styleguide.lower_is_better),
    "paired": ("{% paired_chart data places=0 %}", styleguide.course),
    "estimates": ("{% estimates_chart data places=2 %}", styleguide.estimates),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_has_words_and_a_table_behind_it(name):
    source, make = CHARTS[name]

    chart = render(source, data=make())

    assert chart.count('role="img"') == chart.count("<title id=") == chart.count("<desc id=") == 3
    assert chart.count("<table") == 1
    assert " style=" not in chart


@pytest.mark.parametrize("language", ["fr", "ar"])
@pytest.mark.parametrize("name", CHARTS)
def test_places_are_written_with_points_in_every_language(name, language):
    source, make = CHARTS[name]

    with translation.override(language):
        chart = render(source, data=make())

    places = re.findall(r'\s(?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"', chart)
    assert places
    assert [place for place in places if not re.fullmatch(r"-?\d+(\.\d+)?", place)] == []


def test_a_gap_is_named_in_the_table_and_never_nought():
    chart = render("{% indicator_chart data %}", data=styleguide.quarterly())

    assert "Nothing reported" in chart
    assert re.search(r"Q3 2024</th><td class=\"num cell-missing\">–</td>", chart)


def test_a_refused_estimate_says_why():
    assert "too few pairs: 5 of 8 needed" in render("{% estimates_chart data %}", data=styleguide.estimates())


def test_a_distribution_reads_its_counts_aloud():
    bar = render(
        "{% status_distribution counts 'Iraq' compact=True %}", counts={"on_track": 3, "off_track": 1}
    )

    assert 'aria-label="Iraq: 3 On track, 1 Off track"' in bar


def test_nothing_expected_is_said_in_words():
    assert "Nothing expected yet" in render("{% coverage_meter 0 0 %}")
    assert "0 of 4 reported" in render("{% coverage_meter 0 4 %}")


class SmallForm(forms.Form):
    persons = forms.IntegerField(help_text="Count each once.")
    remark = forms.CharField(required=False)


def test_a_field_ties_its_help_and_its_error_to_the_control():
    field = str(SmallForm({"persons": "many"})["persons"].as_field_group())

    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_persons_helptext id_persons_error"' in field
    assert 'id="id_persons_helptext"' in field
    assert 'id="id_persons_error"' in field
    assert '<label class="field-label" for="id_persons">' in field


def test_an_optional_field_says_so():
    form = SmallForm()

    assert "(optional)" in form["remark"].as_field_group()
    assert "(optional)" not in form["persons"].as_field_group()


def test_the_error_summary_links_to_the_fields():
    summary = render(
        '{% include "components/error_summary.html" with form=form only %}', form=SmallForm({"persons": ""})
    )

    assert 'href="#id_persons"' in summary
    assert (
        render('{% include "components/error_summary.html" with form=form only %}', form=SmallForm()).strip()
        == ""
    )


def test_what_a_person_typed_is_escaped():
    callout = render('{% include "components/callout.html" with text=text only %}', text="<script>")

    assert "<script>" not in callout


def test_dates_in_sentences_are_written_as_people_read_them():
    assert ui.with_days("Rose to 5 at 2025-03-31. (2025-02-30)") == "Rose to 5 at 31 Mar 2025. (2025-02-30)"


def test_a_day_is_written_in_the_language_of_whoever_asks_now_and_an_instant_in_its_own_zone():
    one = date(2026, 5, 5)
    late = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)

    with translation.override("en"):
        english = [ui.day(one), ui.day(one)]
    with translation.override("fr"):
        french = ui.day(one)

    assert english == ["5 May 2026"] * 2
    assert french == "5 mai 2026"
    assert [ui.day(late), ui.day(late.astimezone(ZoneInfo("Asia/Baghdad")))] == ["5 Mar 2026", "6 Mar 2026"]


def test_a_verdict_is_said_in_the_words_of_its_badge():
    for status, sentence in explain._STATUS_WORDS.items():
        assert str(sentence).startswith(str(Status(status.value).label))
