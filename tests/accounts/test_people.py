"""People, passwords, tokens: what works, what is refused, who opens which page."""

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from knox.models import AuthToken

from indicators.accounts.actions import (
    add_person,
    change_person,
    create_token,
    reset_password,
    revoke_token,
)
from indicators.models import Event, Membership, User
from tests.factories import AT, make_admin, make_partner, make_programme, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    person = make_admin("admin")
    client.force_login(person)
    return person


def text(response):
    return response.content.decode()


def add(by, **given):
    defaults = {"username": "amal", "first_name": "Amal", "last_name": "A.", "email": "", "at": AT}
    return add_person(by=by, **(defaults | given))


def test_a_person_is_added_with_a_password_that_works(client):
    person, password = add(make_admin())

    assert client.login(username="amal", password=password)
    assert password not in str(list(Event.objects.values()))
    assert person.is_staff is False


def test_two_passwords_differ():
    admin = make_admin()

    assert add(admin)[1] != add(admin, username="basim")[1]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"email": "nobody"}, "email"),
        ({"global_role": "king"}, "global_role"),
        ({"global_role": "partner_viewer"}, "partner"),
    ],
)
def test_a_bad_account_names_its_field_and_is_not_made(given, field):
    admin = make_admin()

    with pytest.raises(ValidationError) as caught:
        add(admin, **given)

    assert field in caught.value.message_dict
    assert User.objects.count() == 1
    assert not Event.objects.exists()


def test_only_partner_viewers_have_a_nation():
    with pytest.raises(ValidationError) as caught:
        add(make_admin(), partner=make_partner())

    assert "partner" in caught.value.message_dict


def test_a_taken_name_is_refused():
    admin = make_admin()
    add(admin)

    with pytest.raises(ValidationError) as caught:
        add(admin)

    assert "username" in caught.value.message_dict


def test_only_administrators_add_people():
    with pytest.raises(PermissionDenied):
        add(make_user())


def test_deactivating_ends_sessions_and_tokens_at_once(client):
    admin, person = make_admin(), make_user("amal")
    client.force_login(person)
    client.get(reverse("my-account"))
    create_token(days=30, by=person, at=AT)

    change_person(person=person, is_active=False, by=admin, at=AT)

    assert not Session.objects.exists()
    assert not AuthToken.objects.exists()
    assert client.get(reverse("my-account")).status_code == 302
    assert Event.objects.filter(verb="deactivated a person", about_id=person.pk).exists()


def test_others_stay_signed_in_when_one_is_deactivated(client):
    admin, person = make_admin(), make_user("amal")
    client.force_login(admin)

    change_person(person=person, is_active=False, by=admin, at=AT)

    assert client.get(reverse("my-account")).status_code == 200


def test_nobody_locks_themselves_out():
    admin = make_admin()

    with pytest.raises(PermissionDenied):
        change_person(person=admin, is_active=False, by=admin, at=AT)
    with pytest.raises(PermissionDenied):
        change_person(person=admin, global_role="", by=admin, at=AT)

    admin.refresh_from_db()
    assert admin.is_active


def test_who_works_in_a_programme_does_not_become_a_partner_viewer():
    person = make_user(programme=make_programme())

    with pytest.raises(ValidationError, match="end those roles first"):
        change_person(
            person=person, global_role="partner_viewer", partner=make_partner(), by=make_admin(), at=AT
        )


def test_a_change_that_changes_nothing_leaves_no_event():
    person = make_user("amal")

    change_person(person=person, username="amal", by=make_admin(), at=AT)

    assert not Event.objects.exists()


def test_a_new_password_ends_the_old_one(client):
    admin, person = make_admin(), make_user("amal")

    password = reset_password(person=person, by=admin, at=AT)

    assert not client.login(username="amal", password="amal")
    assert client.login(username="amal", password=password)


# --- Tokens ------------------------------------------------------------------------------------------------


def test_a_token_works_until_it_is_revoked(client):
    person = make_user("amal")
    secret = create_token(days=30, by=person, at=AT)
    token = AuthToken.objects.get()
    assert secret.startswith(token.token_key)
    assert secret not in token.digest

    revoke_token(token=token, by=person, at=AT)

    assert not AuthToken.objects.exists()
    verbs = Event.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["made a token", "revoked a token"]
    assert secret not in str(list(Event.objects.values()))


@pytest.mark.parametrize("days", [0, -1, 5000])
def test_a_token_ends_some_day(days):
    with pytest.raises(ValidationError) as caught:
        create_token(days=days, by=make_user(), at=AT)

    assert "days" in caught.value.message_dict
    assert not AuthToken.objects.exists()


def test_nobody_revokes_the_token_of_another():
    owner, other = make_user(), make_user()
    create_token(days=30, by=owner, at=AT)

    with pytest.raises(PermissionDenied):
        revoke_token(token=AuthToken.objects.get(), by=other, at=AT)

    assert AuthToken.objects.exists()


# --- Pages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["people-list", "person-new", "person-edit", "person-password"])
def test_people_are_the_administrators_business(client, name):
    person = make_user(programme=make_programme(), role="approver")
    client.force_login(person)
    args = [person.pk] if name in {"person-edit", "person-password"} else []

    assert client.get(reverse(name, args=args)).status_code == 403
    if name != "people-list":
        assert client.post(reverse(name, args=args)).status_code == 403


def test_the_first_password_is_shown_once(client, admin):
    answer = client.post(
        reverse("person-new"),
        {"username": "amal", "first_name": "Amal", "last_name": "A.", "email": "", "global_role": ""},
    )

    assert answer.status_code == 200
    assert answer.context["password"] in text(answer)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.context["password"] not in text(client.get(reverse("people-list")))


def test_a_bad_form_makes_nobody(client, admin):
    answer = client.post(reverse("person-new"), {"username": "amal", "global_role": "king"})

    assert {"first_name", "last_name", "global_role"} <= answer.context["form"].errors.keys()
    assert "“king”" in answer.context["form"].errors["global_role"][0]
    assert User.objects.count() == 1


def test_a_person_is_changed_and_deactivated(client, admin):
    person = make_user("amal")
    given = {
        "username": "amal",
        "first_name": "Amal",
        "last_name": "B.",
        "email": "",
        "global_role": "auditor",
    }

    assert client.get(reverse("person-edit", args=[person.pk])).status_code == 200
    assert client.post(reverse("person-edit", args=[person.pk]), given).status_code == 302

    person.refresh_from_db()
    assert (person.last_name, person.global_role, person.is_active) == ("B.", "auditor", False)


def test_an_unknown_person_is_not_found(client, admin):
    assert client.get(reverse("person-edit", args=[999999])).status_code == 404


@pytest.mark.parametrize("n", [1, 20])
def test_the_list_of_people_costs_the_same_for_one_and_for_twenty(
    client, admin, django_assert_num_queries, n
):
    programme = make_programme()
    for _number in range(n):
        make_user(programme=programme)
    client.get(reverse("my-account"))  # the first request of a session stores its beginning

    with django_assert_num_queries(5):
        # session, user, menu, count, people
        client.get(reverse("people-list"))


@pytest.mark.parametrize(("query", "found"), [("?q=amal", ["amal"]), ("?state=ended", ["basim"])])
def test_the_list_of_people_is_filtered(client, admin, query, found):
    make_user("amal")
    make_user("basim", is_active=False)

    page = client.get(reverse("people-list") + query)

    assert [person.username for person in page.context["page"]] == found


def test_my_account_shows_roles_and_makes_a_token_once(client):
    person = make_user("amal", programme=make_programme("NMI"))
    client.force_login(person)

    answer = client.post(reverse("token-new"), {"days": "30"})

    assert "Program officer" in text(answer)
    secret = answer.context["secret"]
    assert secret in text(answer)
    assert secret not in text(client.get(reverse("my-account")))
    key = AuthToken.objects.get().token_key
    assert client.post(reverse("token-revoke", args=[key])).status_code == 302
    assert not AuthToken.objects.exists()


def test_the_token_of_another_is_not_found(client):
    create_token(days=30, by=make_user(), at=AT)
    client.force_login(make_user())

    assert client.post(reverse("token-revoke", args=[AuthToken.objects.get().token_key])).status_code == 404


def test_a_token_for_ever_is_not_offered(client):
    client.force_login(make_user())

    answer = client.post(reverse("token-new"), {"days": "9999"})

    assert answer.status_code == 200
    assert "days" in answer.context["form"].errors
    assert not AuthToken.objects.exists()


def test_members_are_not_touched_by_a_changed_name(client, admin):
    person = make_user("amal", programme=make_programme())

    change_person(person=person, first_name="Amal B.", by=admin, at=AT)

    assert Membership.objects.filter(user=person).count() == 1
