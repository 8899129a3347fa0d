"""The weighted achievement of an objective and a programme: on the page and in the export the same, or its reason."""

import csv
import io
from decimal import Decimal

import pytest
from django.urls import reverse

from indicators import derived
from indicators.models import IndicatorStatus, ProgrammeIndicator
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    """Today's figures for two of three indicators; weights 3, 1 and as the test says."""
    programme = make.make_programme()
    quarters = make.make_quarters(programme)
    indicators = [make.make_indicator(programme, weight=Decimal(weight)) for weight in (3, 1, 1)]
    for indicator, numerator in zip(indicators[:2], (30, 60), strict=True):
        make.make_observation(indicator, quarters[6], numerator=Decimal(numerator), denominator=Decimal(100))
    derived.rebuild(at=make.AT)
    IndicatorStatus.objects.update(stale_from=None)  # the page asks by today's date
    return programme


def page_of(client, programme):
    client.force_login(make.make_admin())
    return client.get(reverse("programme-detail", args=[programme.code])).content.decode()


def rows_of(client, programme):
    client.force_login(make.make_admin())
    answer = client.get(reverse("export", args=["objectives", programme.code, "csv"]))
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_page_and_export_give_the_same_score_with_its_range(client, scene):
    page, rows = page_of(client, scene), rows_of(client, scene)

    # (3 × 1/6 + 1 × 4/6) / 4; 0.8 of the weight has data
    assert "29.2\u00a0%" in page
    assert "16.7\u00a0% to 66.7\u00a0%" in page
    assert "80\u00a0%" in page
    assert [row["Weighted achievement (share)"] for row in rows] == ["0.2916666667", "0.2916666667"]
    assert [row["Lowest without one indicator"] for row in rows] == ["0.1666666667", "0.1666666667"]
    assert [row["Objective"] for row in rows] == ["Something is better.", "Whole programme"]


def test_too_little_weight_gives_the_reason_and_no_number(client, scene):
    ProgrammeIndicator.objects.filter(current_status__status="not_reporting").update(weight=3)

    page, rows = page_of(client, scene), rows_of(client, scene)

    assert "No weighted achievement:" in page
    assert "at least 65 % are needed" in page
    assert [row["Weighted achievement (share)"] for row in rows] == ["", ""]
    assert all("at least 65 %" in row["Why there is no weighted achievement"] for row in rows)


def test_a_stale_achievement_does_not_count(client, scene):
    IndicatorStatus.objects.update(stale_from=make.AT.date())

    assert "No weighted achievement:" in page_of(client, scene)


def test_mostly_activity_is_said(client, scene):
    assert "Mostly activity" not in page_of(client, scene)

    programme = make.make_programme()
    for level in ("output", "input", "outcome"):
        make.make_indicator(programme, version=make.make_version(result_level=level))

    assert "Mostly activity" in page_of(client, programme)
