"""The audit trail: readable by those inside, closed to partner viewers, narrowed by the address."""

import pytest
from django.urls import reverse

from indicators.events import remember
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    programme = make.make_programme("NMI")
    person = make.make_user("officer", programme=programme)
    remember(
        "approved", by=person, at=make.AT, about=programme, programme=programme, before={"state": "submitted"},
        after={"state": "approved"}, reason="As inspected",
    )  # fmt: skip
    other = make.make_programme("OTHER")
    remember("secretly changed", by=None, at=make.AT, about=other, programme=other)
    return person


def test_members_read_what_was_done_in_their_programmes_alone(client, officer):
    client.force_login(officer)

    page = client.get(reverse("event-list")).content.decode()

    assert "approved" in page
    assert "As inspected" in page
    assert "submitted → approved" in page
    assert "secretly changed" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=inspect", True), ("who=nobody", False), ("programme=NMI", True), ("programme=OTHER", False)],
)
def test_the_address_narrows_the_list(client, officer, query, found):
    client.force_login(officer)

    page = client.get(f"{reverse('event-list')}?{query}").content.decode()

    assert ("As inspected" in page) is found


@pytest.mark.parametrize("n", [1, 20])
def test_it_costs_the_same_queries_for_one_and_for_many(client, officer, n, django_assert_num_queries):
    programme = make.make_programme()
    for _ in range(n):
        remember("did", by=officer, at=make.AT, about=programme, programme=programme)
    client.force_login(make.make_admin())
    client.get(reverse("event-list"))  # The session has been seen.

    with django_assert_num_queries(6):  # session, person, programmes, count, events, roles for the menu
        client.get(reverse("event-list"))


def test_what_is_stored_as_a_structure_is_shown_in_words(client, officer):
    programme = officer.memberships.get().programme
    remember(
        "assessed", by=None, at=make.AT, about=programme, programme=programme,
        after={"counts": {"on_track": 7, "off_track": 2}, "partners": ["IRQ", "KWT"], "units": []},
    )  # fmt: skip
    client.force_login(officer)

    page = client.get(reverse("event-list")).content.decode()

    assert "on track: 7; off track: 2" in page
    assert "IRQ, KWT" in page
    assert "{&#x27;" not in page
    assert "[&#x27;" not in page
