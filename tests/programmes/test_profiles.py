"""A partner's context profile: versions that stay, sources that are named, and who reads and writes them."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from indicators.models import ContextProfile, Event, ProfileEntry, ProgrammeIndicator, SignOff
from indicators.programmes.profiles import Said, describe_partner
from tests import factories as make

pytestmark = pytest.mark.django_db


def said(text="Calm.", **given):
    return Said(
        **({"text": text, "source": "A report", "source_on": date(2025, 1, 1), "confidence": "low"} | given)
    )


def describe(partner, by, number=0, **topics):
    return describe_partner(
        partner=partner,
        entries={topic: one if isinstance(one, Said) else said(one) for topic, one in topics.items()},
        reason="A new report.",
        number=number,
        by=by,
        at=make.AT,
    )


@pytest.fixture
def iraq():
    make.make_programme("OWN")
    return make.make_partner("IRQ")


def test_a_change_is_a_new_version_and_what_stays_keeps_its_writer(iraq):
    first, second = make.make_admin("ann"), make.make_admin("bob")
    describe(iraq, first, security="Calm.", languages="Arabic, Kurdish.")

    new = describe(iraq, second, number=1, security="Tense.", languages="Arabic, Kurdish.")

    assert [one.number for one in ContextProfile.objects.filter(partner=iraq)] == [2, 1]
    writers = {one.topic: one.written_by for one in new.entries.all()}
    assert writers == {"security": second, "languages": first}
    event = Event.objects.filter(verb="described a partner").latest("pk")
    assert (event.before["security"]["text"], event.after["security"]["text"]) == ("Calm.", "Tense.")
    assert "languages" not in event.after


@pytest.mark.parametrize("sql", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["indicators_contextprofile", "indicators_profileentry"])
def test_a_version_is_never_changed(iraq, table, sql):
    describe(iraq, make.make_admin(), security="Calm.")

    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        connection.cursor().execute(sql.format(table))


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"source": " "}, "source_security"),
        ({"source_on": None}, "source_on_security"),
        ({"confidence": ""}, "confidence_security"),
    ],
)
def test_a_statement_without_source_day_or_confidence_is_refused(iraq, entry, field):
    with pytest.raises(ValidationError) as refusal:
        describe(iraq, make.make_admin(), security=said(**entry))

    assert field in refusal.value.message_dict
    assert not ContextProfile.objects.exists()


def test_nothing_new_or_an_old_page_is_refused(iraq):
    admin = make.make_admin()
    describe(iraq, admin, security="Calm.")

    with pytest.raises(ValidationError, match="Nothing differs"):
        describe(iraq, admin, number=1, security="Calm.")
    with pytest.raises(ValidationError, match="Load it again"):
        describe(iraq, admin, number=0, security="Tense.")


def test_only_administrators_and_approvers_of_its_programmes_write_it(iraq):
    programme = iraq.programmes.get()
    other = make.make_programme("OTHER", partners=[make.make_partner("JOR")])

    describe(iraq, make.make_user(programme=programme, role="approver"), security="Calm.")
    for person in (
        make.make_user(programme=programme, role="officer"),
        make.make_user(programme=other, role="approver"),
        make.make_user(global_role="auditor"),
    ):
        with pytest.raises(PermissionDenied):
            describe(iraq, person, number=1, security="Tense.")


def test_the_page_puts_the_profile_beside_the_tailoring_with_a_refusal(client, iraq):
    indicator = make.make_indicator(iraq.programmes.get())
    SignOff.objects.create(
        indicator=indicator, revision=indicator.plan, partner=iraq, decision="declined", comment="Too high.",
        by=make.make_user(), at=make.AT,
    )  # fmt: skip
    describe(iraq, make.make_admin(), security="Calm.")
    client.force_login(make.make_user(programme=iraq.programmes.get(), role="reader"))

    page = client.get(reverse("partner-detail", args=["IRQ"])).content.decode()

    for words in (
        "Calm.",
        "A report",
        indicator.rationale,
        "Declined",
        "Too high.",
        "Nothing is written yet.",
    ):
        assert words in page
    assert "Write a new version" not in page


def test_an_old_version_can_be_read_and_says_that_it_is_old(client, iraq):
    admin = make.make_admin()
    describe(iraq, admin, security="Calm.")
    describe(iraq, admin, number=1, security="Tense.")
    client.force_login(admin)

    page = client.get(reverse("partner-detail", args=["IRQ"]), {"version": "1"}).content.decode()
    odd = client.get(reverse("partner-detail", args=["IRQ"]), {"version": "' OR 1"})

    assert "Calm." in page
    assert "An older version" in page
    assert "Tense." in odd.content.decode()


def test_the_form_stores_a_version_and_keeps_what_was_typed_when_it_refuses(client, iraq):
    client.force_login(make.make_admin())
    address = reverse("partner-profile-edit", args=["IRQ"])
    data = {"text_security": "Calm in the south.", "source_security": "", "reason": "New.", "number": "0"}

    refused = client.post(address, data).content.decode()
    bad = client.post(address, data | {"source_on_security": "2025-99-99", "confidence_security": "sure"})
    stored = client.post(
        address,
        data | {"source_security": "UN", "source_on_security": "2025-01-01", "confidence_security": "high"},
    )

    assert "say where this comes from" in refused
    assert "Calm in the south." in refused
    assert bad.status_code == 200
    assert stored.status_code == 302
    assert ProfileEntry.objects.get().source == "UN"


@pytest.mark.parametrize("more", [0, 5])
def test_queries_of_the_page_do_not_grow(client, iraq, more):
    programme = iraq.programmes.get()
    for _one in range(1 + more):
        make.make_indicator(programme)
    describe(iraq, make.make_admin(), **dict.fromkeys(ProfileEntry.Topic.values[: 1 + more], "Calm."))
    client.force_login(make.make_admin())
    client.get(reverse("partner-detail", args=["IRQ"]))

    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("partner-detail", args=["IRQ"]))

    # Session, person, menu; partner, versions, statements; indicators, sign-offs; series.
    assert len(asked) == 9


def test_a_tailored_indicator_needs_its_rationale():
    with pytest.raises(IntegrityError, match="indicator_says_why"), transaction.atomic():
        ProgrammeIndicator.objects.filter(pk=make.make_indicator().pk).update(rationale="")
