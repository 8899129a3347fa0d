"""Two versions of a design side by side."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from indicators.models import Objective
from indicators.programmes.actions import (
    change_indicator,
    put_design_in_force,
    remove_objective,
    revise_target,
    save_objective,
    save_scope,
    start_design_version,
)
from indicators.programmes.comparing import compare_designs, word_diff
from tests.factories import AT, make_admin, make_indicator, make_programme, make_user

pytestmark = pytest.mark.django_db


def test_words_are_compared_and_put_together_again():
    old, new = "Twenty posts in the north, by 2026.", "Thirty posts in the north and east, by 2026."
    left, right = word_diff(old, new)
    assert "".join(text for _kind, text in left) == old
    assert "".join(text for _kind, text in right) == new
    assert ("gone", "Twenty") in left
    assert ("new", "Thirty") in right
    assert word_diff("", "") == ([], [])


@pytest.fixture
def programme():
    """Version 2 is in force: another scope, an objective more, one less; a target was moved meanwhile."""
    programme, admin = make_programme("OWN"), make_admin()
    old = programme.designs.get()
    Objective.objects.create(design=old, code="OP9", level="output", statement="A dropped course.")
    moved = make_indicator(programme, local_name="Moved")
    gone = make_indicator(programme, local_name="Gone")
    design = start_design_version(programme=programme, reason="The north is safe.", by=admin, at=AT)
    save_scope(design=design, scope="East alone.", by=admin, at=AT)
    save_objective(design=design, code="OC2", level="outcome", statement="New.", by=admin, at=AT)
    remove_objective(objective=design.objectives.get(code="OP9"), by=admin, at=AT)
    put_design_in_force(design=design, by=admin, at=AT, in_force_from=date(2025, 7, 1))
    revise_target(
        indicator=moved, reason_code="scope", reason="Fewer posts.", target=Decimal(60), by=admin, at=AT
    )
    change_indicator(indicator=gone, row_version=gone.row_version, by=admin, at=AT, is_active=False)
    return programme


def compare(programme, old=1, new=2):
    designs = list(programme.designs.select_related("programme").order_by("number"))
    numbers = {one.number: one for one in designs}
    return compare_designs(
        programme, make_admin(), designs, numbers[old], numbers[new], today=date(2025, 12, 31)
    )


def test_everything_that_differs_is_named(programme):
    found = compare(programme)
    assert found.scope.kind == "changed"
    assert {one.name: one.kind for one in (*found.objectives.differing, *found.objectives.same)} == {
        "OC1": "same",
        "OC2": "added",
        "OP9": "removed",
    }
    kinds = {one.name.split(" ", 1)[1]: one for one in found.indicators.differing}
    assert kinds["Moved"].kind == "changed"
    assert [one.reason for one in kinds["Moved"].why] == ["Fewer posts."]
    assert kinds["Gone"].kind == "removed"


def test_a_version_beside_itself_differs_in_nothing(programme):
    found = compare(programme, 2, 2)
    assert found.counts["added"] == found.counts["removed"] == found.counts["changed"] == 0


def test_the_page_shows_both_and_why(client, programme):
    client.force_login(make_user(programme=programme, role="reader"))
    page = client.get(reverse("design-compare", args=["OWN"])).text
    assert "<ins>East alone.</ins>" in page
    assert "The north is safe." in page
    assert "Fewer posts." in page
    assert client.get(reverse("design-compare", args=["OWN"]), {"old": "x", "new": "99"}).status_code == 200


def test_one_version_alone_is_said(client):
    programme = make_programme("ONE")
    client.force_login(make_user(programme=programme, role="reader"))
    assert "Only one version" in client.get(reverse("design-compare", args=["ONE"])).text


@pytest.mark.parametrize("n", [1, 6])
def test_it_asks_the_same_number_of_questions(client, programme, n, django_assert_num_queries):
    for _number in range(n):
        make_indicator(programme)
    client.force_login(make_user(programme=programme, role="reader"))
    url = reverse("design-compare", args=["OWN"])
    client.get(url)
    # session, person, menu; programme, versions; objectives, assumptions, indicators, agreements, trail
    with django_assert_num_queries(10):
        client.get(url)
