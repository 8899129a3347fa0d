"""Composing an index: what may be joined, what is refused and why, versions that stay, and the pages around it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.db.utils import IntegrityError

from indicators import derived
from indicators.models import CompositeIndex, Event, IndexComponent, IndexVersion, Role
from indicators.programmes.actions import create_index, retire_index, revise_index
from indicators.programmes.recipes import OwnWeight, Part, recipe_from
from tests import factories as make

pytestmark = pytest.mark.django_db
HUNDRED = {"low": Decimal(0), "high": Decimal(100)}


@pytest.fixture
def programme():
    made = make.make_programme()
    make.make_quarters(made)
    return made


def with_figures(programme, *numerators, **given):
    """Indicators of the programme with one figure each out of 60 for the third quarter of 2025."""
    period = make.make_quarters(programme)[6]
    found = []
    for numerator in numerators:
        indicator = make.make_indicator(programme, **given)
        if numerator is not None:
            make.make_observation(indicator, period, numerator=Decimal(numerator), denominator=Decimal(60))
            derived.refresh([(indicator.pk, period.pk)], at=make.AT)
        found.append(indicator)
    return found


def parts(*indicators, **given):
    return [Part(indicator=one, **(HUNDRED | given)) for one in indicators]


def core_of(programme, *partners, count=2):
    """The same common core indicators for each partner."""
    versions = [make.make_version() for _ in range(count)]
    return {
        partner: [
            make.make_indicator(programme, version=version, partner=partner, is_core=True)
            for version in versions
        ]
        for partner in partners
    }


def faults_of(programme, rows, **given):
    defaults = {"across": "programme", "aggregation": "geometric"}
    with pytest.raises(ValidationError) as refused:
        recipe_from(programme, parts=rows, **(defaults | given))
    return refused.value.message_dict


def given_for(programme, rows, **changed):
    return {
        "programme": programme,
        "name": "Able and answerable",
        "purpose": "One look.",
        "across": "programme",
        "parts": rows,
        "reason": "The board asked.",
        "by": make.make_admin(),
        "at": make.AT,
    } | changed


# --- Making ------------------------------------------------------------------------------------------------


def test_an_index_is_kept_with_its_parts_its_reason_and_an_event(programme):
    first, second = with_figures(programme, 30, 45)
    rows = [
        Part(indicator=first, **HUNDRED, weight=Decimal("0.7")),
        Part(indicator=second, reads="progress", weight=Decimal("0.3")),
    ]

    index = create_index(**given_for(programme, rows))

    version = index.current
    assert (index.name, version.number, version.aggregation) == ("Able and answerable", 1, "geometric")
    assert list(version.components.values_list("indicator", "reads", "low", "high", "weight")) == [
        (first.pk, "level", 0, 100, Decimal("0.7")),
        (second.pk, "progress", 0, 1, Decimal("0.3")),
    ]
    event = Event.objects.get(verb="composed an index")
    assert (event.about_id, event.programme_id, event.reason) == (index.pk, programme.pk, "The board asked.")
    assert event.after["parts"][0][6] == "0.7"


def test_the_approver_of_the_programme_may_and_others_may_not(programme):
    rows = parts(*with_figures(programme, 30, 45))
    approver = make.make_user(programme=programme, role=Role.APPROVER)

    assert create_index(**given_for(programme, rows, by=approver)).pk
    for person in (
        make.make_user(programme=programme, role=Role.OFFICER),
        make.make_user(programme=make.make_programme(), role=Role.APPROVER),
    ):
        with pytest.raises(PermissionDenied):
            create_index(**given_for(programme, rows, by=person, name="Another"))
    assert CompositeIndex.objects.count() == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"purpose": ""}, "purpose"),
        ({"reason": " "}, "reason"),
        ({"across": "moon"}, "across"),
        ({"aggregation": "median"}, "aggregation"),
        ({"parts": []}, "parts"),
    ],
)
def test_what_is_missing_or_unknown_is_named_and_nothing_is_left_behind(programme, changed, field):
    rows = parts(*with_figures(programme, 30, 45))

    with pytest.raises(ValidationError) as refused, transaction.atomic():
        create_index(**given_for(programme, rows, **changed))

    assert field in refused.value.message_dict
    assert not CompositeIndex.objects.exists()
    assert not IndexVersion.objects.exists()
    assert not Event.objects.filter(about_type="compositeindex").exists()


def test_twice_is_once(programme):
    rows = parts(*with_figures(programme, 30, 45))
    create_index(**given_for(programme, rows))

    with pytest.raises(ValidationError, match="already has an index of this name"), transaction.atomic():
        create_index(**given_for(programme, rows))

    assert CompositeIndex.objects.count() == IndexVersion.objects.count() == 1


# --- What may be joined ------------------------------------------------------------------------------------


def test_one_indicator_is_no_index_and_thirteen_are_too_many(programme):
    one = with_figures(programme, 30)

    assert "1 indicators were given; an index joins 2 to 12" in faults_of(programme, parts(*one))["parts"][0]
    many = [make.make_indicator(programme) for _ in range(13)]
    assert "13 indicators" in faults_of(programme, parts(*many))["parts"][0]


def test_no_index_joins_programmes_texts_context_or_the_same_thing_twice(programme):
    good, retired = with_figures(programme, 30, 40)
    retired.is_active = False
    retired.save(update_fields=["is_active"])
    stranger = make.make_indicator(make.make_programme())
    text = make.make_indicator(programme, version=make.make_version(value_type="text"))
    context = make.make_indicator(programme, version=make.make_version(result_level="context"))

    found = faults_of(programme, parts(good, stranger, text, context, retired, good))

    assert "another programme" in found["part-1-indicator"][0]
    assert "only numbers" in found["part-2-indicator"][0]
    assert "never mixed" in found["part-3-indicator"][0]
    assert "no longer in use" in found["part-4-indicator"][0]
    assert "already" in found["part-5-indicator"][0]
    assert "part-0-indicator" not in found


@pytest.mark.parametrize(
    ("changed", "field", "words"),
    [
        ({"low": None}, "low", "fixed end"),
        ({"high": None}, "high", "fixed end"),
        ({"low": Decimal(100)}, "high", "100 was given; more than the lower end, 100"),
        ({"low": Decimal(120)}, "high", "more than the lower end, 120"),
        ({"is_logarithmic": True}, "low", "begins above 0"),
        ({"is_logarithmic": True, "reads": "progress"}, "is_logarithmic", "no logarithmic scale"),
        ({"reads": "mood"}, "reads", "mood"),
    ],
)
def test_a_scale_that_is_none_is_refused_at_its_row_and_field(programme, changed, field, words):
    first, second = with_figures(programme, 30, 45)
    rows = [*parts(first), replace(parts(second)[0], **changed)]

    found = faults_of(programme, rows)

    assert list(found) == [f"part-1-{field}"]
    assert words in found[f"part-1-{field}"][0]


def test_what_should_lie_inside_a_range_enters_by_its_progress_alone(programme):
    (good,) = with_figures(programme, 30)
    ranged = make.make_indicator(programme, version=make.make_version(direction="range"))

    assert "neither end is better" in faults_of(programme, parts(good, ranged))["part-1-reads"][0]
    assert recipe_from(
        programme,
        across="programme",
        aggregation="geometric",
        parts=[*parts(good), Part(indicator=ranged, reads="progress")],
    )


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        (("0.5", "0.4"), "add up to 0.9; 1 was expected"),
        (("0.5", None), "to all of the parts, or to none"),
        (("1.2", "-0.2"), "above 0, at most 1"),
        (("1", "0"), "above 0"),
        (("NaN", "1"), "above 0"),
    ],
)
def test_weights_are_shares_that_add_up_to_one_or_all_empty(programme, weights, words):
    rows = [
        replace(row, weight=None if weight is None else Decimal(weight))
        for row, weight in zip(parts(*with_figures(programme, 30, 45)), weights, strict=True)
    ]

    assert words in faults_of(programme, rows)["parts"][0]


# --- Across partners and units -----------------------------------------------------------------------------


def test_partners_are_compared_by_the_progress_of_common_core_indicators_alone():
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan])
    core = core_of(programme, iraq, jordan)
    (whole,) = with_figures(programme, 30)

    raw = faults_of(programme, parts(*core[iraq]), across="partners")
    assert "never by raw values" in raw["part-0-reads"][0]
    mixed = [Part(indicator=one, reads="progress") for one in (core[iraq][0], whole)]
    assert "not a common core" in faults_of(programme, mixed, across="partners")["part-1-indicator"][0]


def test_each_part_stands_for_that_indicator_of_every_partner_that_has_them_all():
    iraq, jordan, tunisia = (make.make_partner(code) for code in ("IRQ", "JOR", "TUN"))
    programme = make.make_programme(partners=[iraq, jordan, tunisia])
    core = core_of(programme, iraq, jordan)
    make.make_indicator(programme, version=core[iraq][0].version, partner=tunisia, is_core=True)
    rows = [Part(indicator=one, reads="progress") for one in core[iraq]]

    recipe = recipe_from(programme, across="partners", aggregation="geometric", parts=rows)

    assert [piece.indicator for piece in recipe.pieces] == [*core[iraq], *core[jordan]]
    alone = make.make_programme(partners=[iraq])
    single = [Part(indicator=one, reads="progress") for one in core_of(alone, iraq)[iraq]]
    assert "nothing to compare" in faults_of(alone, single, across="partners")["across"][0]


def test_a_partner_has_weights_of_its_own_for_all_parts_and_with_a_reason():
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan])
    core = core_of(programme, iraq, jordan)
    rows = [Part(indicator=one, reads="progress") for one in core[iraq]]

    def own(*weights):
        return [
            OwnWeight(partner=jordan, indicator=one, weight=Decimal(weight))
            for one, weight in zip(core[iraq], weights, strict=False)
        ]

    given = given_for(programme, rows, across="partners", own_weights=own("0.8", "0.2"))
    with pytest.raises(ValidationError, match="weights of their own"), transaction.atomic():
        create_index(**given)
    for wrong, words in ((own("0.8"), "to all of"), (own("0.8", "0.3"), "add up to 1.1")):
        with pytest.raises(ValidationError, match=words), transaction.atomic():
            create_index(**(given | {"own_weights": wrong, "weights_reason": "x"}))
    with pytest.raises(ValidationError, match="only in an index across partners"), transaction.atomic():
        create_index(**(given | {"across": "programme", "weights_reason": "x", "parts": parts(*core[iraq])}))

    version = create_index(**(given | {"weights_reason": "Jordan agreed to it."})).current

    assert version.weights_reason == "Jordan agreed to it."
    assert [one.weight for one in version.components.all()] == [None, None, Decimal("0.8"), Decimal("0.2")]


def test_units_of_one_country_are_compared_by_values_and_those_of_several_are_not():
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan])
    units = [make.make_unit(programme, partner=iraq) for _ in range(2)]
    foreign = make.make_unit(programme, partner=jordan)
    first, second = (make.make_indicator(programme, units=units) for _ in range(2))
    whole = make.make_indicator(programme)

    assert recipe_from(programme, across="units", aggregation="geometric", parts=parts(first, second))
    found = faults_of(programme, parts(first, whole), across="units")
    assert "for the whole programme" in found["part-1-indicator"][0]
    found = faults_of(programme, parts(first, second, reads="progress"), across="units")
    assert "no target of its own" in found["part-0-reads"][0]
    second.units.add(foreign)
    found = faults_of(programme, parts(first, second), across="units")
    assert "several countries" in found["across"][0]


# --- Making anew, taking out of use ------------------------------------------------------------------------


def test_a_revision_is_a_new_version_and_the_old_one_stays(programme):
    first, second = with_figures(programme, 30, 45)
    index = create_index(**given_for(programme, parts(first, second)))
    given = given_for(programme, parts(first, second), name="Answerable", aggregation="arithmetic")
    given.pop("programme")

    version = revise_index(index=index, number=1, **given)

    index.refresh_from_db()
    assert (index.name, index.current_id, version.number) == ("Answerable", version.pk, 2)
    assert index.versions.get(number=1).components.count() == 2
    event = Event.objects.get(verb="revised an index")
    assert event.before == {"name": "Able and answerable", "aggregation": "geometric"}
    assert event.after == {"name": "Answerable", "aggregation": "arithmetic"}


def test_a_revision_of_an_older_version_and_one_that_changes_nothing_are_refused(programme):
    rows = parts(*with_figures(programme, 30, 45))
    index = create_index(**given_for(programme, rows))
    given = given_for(programme, rows)
    given.pop("programme")

    for number, changed, words in (
        (0, {"purpose": "New."}, "Load it again"),
        (1, {}, "Nothing differs"),
        (1, {"purpose": " "}, "what the index is for"),
    ):
        with pytest.raises(ValidationError, match=words), transaction.atomic():
            revise_index(index=index, number=number, **(given | changed))
    assert index.versions.count() == 1
    assert not Event.objects.filter(verb="revised an index").exists()


def test_an_index_out_of_use_stays_readable_and_frees_its_name(programme):
    rows = parts(*with_figures(programme, 30, 45))
    index = create_index(**given_for(programme, rows))
    admin = make.make_admin()

    with pytest.raises(ValidationError, match="no longer used"), transaction.atomic():
        retire_index(index=index, reason=" ", by=admin, at=make.AT)
    retire_index(index=index, reason="It answered nothing.", by=admin, at=make.AT)

    with pytest.raises(ValidationError, match="out of use"), transaction.atomic():
        retire_index(index=index, reason="Again.", by=admin, at=make.AT)
    assert Event.objects.filter(verb="retired an index").count() == 1
    assert create_index(**given_for(programme, rows)).pk != index.pk


# --- The database ------------------------------------------------------------------------------------------


def test_the_database_refuses_what_makes_no_sense(programme):
    first, second = with_figures(programme, 30, 45)
    index = make.make_index(programme, [first, second])
    third = make.make_indicator(programme)
    version, good = index.current, {"indicator": third, "reads": "level", "low": 0, "high": 100}

    for wrong in (
        {"indicator": first},
        {"high": 0},
        {"is_logarithmic": True},
        {"weight": Decimal(0)},
        {"weight": Decimal("1.1")},
        {"reads": "mood"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            IndexComponent.objects.create(version=version, **(good | wrong))
    plain = {
        "index": index, "number": 2, "purpose": "x", "across": "programme", "aggregation": "geometric",
        "reason": "x", "created_by": version.created_by, "created_at": make.AT,
    }  # fmt: skip
    for wrong in (
        {"number": 1},
        {"reason": ""},
        {"purpose": ""},
        {"across": "moon"},
        {"aggregation": "median"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            IndexVersion.objects.create(**(plain | wrong))
    for name in (index.name, ""):
        with pytest.raises(IntegrityError), transaction.atomic():
            CompositeIndex.objects.create(programme=programme, name=name)
    with pytest.raises(ProtectedError):
        index.delete()


@pytest.mark.parametrize("table", ["indicators_indexversion", "indicators_indexcomponent"])
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
def test_versions_and_parts_are_never_changed(programme, table, verb):
    make.make_index(programme, with_figures(programme, 30, 45))

    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            cursor.execute(verb.format(table))


# --- Pages -------------------------------------------------------------------------------------------------


def form_of(*rows, own=(), **changed):
    """What the page sends: rows of (indicator, what enters, low, high, weight)."""
    given = {
        "name": "Able and answerable",
        "purpose": "One look.",
        "across": "programme",
        "aggregation": "geometric",
        "reason": "The board asked.",
        "parts-TOTAL_FORMS": str(max(len(rows), 5)),
        "parts-INITIAL_FORMS": "0",
        "own-TOTAL_FORMS": str(len(own)),
        "own-INITIAL_FORMS": "0",
    }
    for place in range(max(len(rows), 5)):
        row = rows[place] if place < len(rows) else ("", "level", "", "", "")
        for name, value in zip(("indicator", "reads", "low", "high", "weight"), row, strict=True):
            given[f"parts-{place}-{name}"] = str(value)
    for place, row in enumerate(own):
        for name, value in zip(("partner", "indicator", "weight"), row, strict=True):
            given[f"own-{place}-{name}"] = str(value)
    return given | changed


def send(client, path, data, status):
    answer = client.post(path, data)
    assert answer.status_code == status, answer.status_code
    return unescape(answer.content.decode())


@pytest.fixture
def page(client, programme):
    client.force_login(make.make_user(programme=programme, role=Role.APPROVER))
    return f"/programmes/{programme.code}/indices/new/"


def test_the_form_makes_an_index_and_leads_to_its_page(client, programme, page):
    first, second = with_figures(programme, 30, 45)
    rows = [(first.pk, "level", "0", "100", ""), (second.pk, "progress", "", "", "")]

    answer = client.post(page, form_of(*rows))

    index = CompositeIndex.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, index.get_absolute_url())
    assert index.current.components.count() == 2


def test_a_preview_shows_the_score_and_stores_nothing(client, programme, page):
    first, second = with_figures(programme, 30, 45)
    rows = [(first.pk, "level", "0", "100", ""), (second.pk, "level", "0", "100", "")]

    text = send(client, page, form_of(*rows, preview="1", name="", reason="", purpose=""), 200)

    assert "Not saved" in text
    assert "Usable data cover 0 % of the weight" in text or "5–95 % interval" in text
    assert not CompositeIndex.objects.exists()
    assert "(optional)" not in text.split("What it is for")[1].split("</label>")[0]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("", "level", "0", "100", ""), "Empty; pick the indicator"),
        ((None, "level", "1,5", "100", ""), "has a comma"),
        ((None, "level", "0", "1e9", ""), "is not a number"),
        ((None, "level", "100", "0", ""), "Row 2, upper end: 0 was given"),
        ((None, "level", "0", "100", "2"), "all of the parts"),
        ((None, "mood", "0", "100", ""), "mood"),
        ((999999999, "level", "0", "100", ""), "not one of"),
        (("x", "level", "0", "100", ""), "not one of"),
        ((None, "level", "9" * 40, "100", ""), "digits"),
    ],
)
@pytest.mark.parametrize("button", [{}, {"preview": "1"}])
def test_bad_rows_are_told_what_was_given_and_nothing_is_stored(client, programme, page, row, words, button):
    first, second = with_figures(programme, 30, 45)
    row = (second.pk if row[0] is None else row[0], *row[1:])

    text = send(client, page, form_of((first.pk, "level", "0", "100", ""), row, **button), 200)

    assert words in text
    assert not CompositeIndex.objects.exists()


@pytest.mark.parametrize(
    "missing", ["parts-TOTAL_FORMS", "own-TOTAL_FORMS", "name", "across", "aggregation", "reason"]
)
def test_a_form_with_holes_is_answered_not_broken(client, programme, page, missing):
    first, second = with_figures(programme, 30, 45)
    data = form_of((first.pk, "level", "0", "100", ""), (second.pk, "level", "0", "100", ""))
    del data[missing]

    send(client, page, data, 200)
    assert not CompositeIndex.objects.exists()


def test_a_partner_index_is_made_and_revised_through_the_page(client):
    iraq, jordan = make.make_partner("IRQ"), make.make_partner("JOR")
    programme = make.make_programme(partners=[iraq, jordan])
    core = core_of(programme, iraq, jordan)
    client.force_login(make.make_admin())
    rows = [(one.pk, "progress", "", "", "") for one in core[iraq]]
    own = [(jordan.pk, one.pk, weight) for one, weight in zip(core[iraq], ("0.9", "0.1"), strict=True)]
    send(
        client,
        f"/programmes/{programme.code}/indices/new/",
        form_of(*rows, own=own, across="partners", weights_reason="Agreed."),
        302,
    )
    index = CompositeIndex.objects.get()

    edit = f"{index.get_absolute_url()}edit/"
    text = unescape(client.get(edit).content.decode())
    assert text.count('value="0.9"') == text.count('value="0.1"') == 1
    send(client, edit, form_of(*rows, across="partners", number="1", reason="Weigh alike."), 302)

    index.refresh_from_db()
    assert index.current.number == 2
    assert {one.weight for one in index.current.components.all()} == {None}


def test_the_form_costs_the_same_whatever_there_is_to_choose_from(
    client, programme, page, django_assert_num_queries
):
    """Session, user, programme, roles; indicators, partners, their number; roles for the menu."""
    with_figures(programme, 30)
    client.get(page)  # The first page of a session also writes the session.
    with django_assert_num_queries(8):
        client.get(page)
    with_figures(programme, *[40] * 9)
    with django_assert_num_queries(8):
        client.get(page)


def test_retiring_asks_once_more_and_wants_a_reason(client, programme, page):
    index = make.make_index(programme, with_figures(programme, 30, 45))
    path = f"{index.get_absolute_url()}retire/"

    assert "Empty; please fill this in." in send(client, path, {"reason": ""}, 200)
    send(client, path, {"reason": "It answered nothing."}, 302)

    index.refresh_from_db()
    assert not index.is_active
    assert client.get(path).status_code == 404
    assert "Out of use" in unescape(client.get(index.get_absolute_url()).content.decode())


def test_rows_of_an_index_say_when_they_were_made(programme):
    index = make.make_index(programme, with_figures(programme, 30, 45), at=make.AT + timedelta(days=1))

    assert index.current.created_at == make.AT + timedelta(days=1)
