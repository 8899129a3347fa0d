"""Many figures on one page: what it shows, what a form keeps without a script, saving as one types, handing in."""

import json
from decimal import Decimal

import pytest
from django.urls import reverse

from indicators.entry.sheet import place_key, read_key
from indicators.models import Event, Evidence, Observation
from tests.entry.scenes import Scene, log_in
from tests.factories import (
    make_indicator,
    make_observation,
    make_programme,
    make_unit,
    make_user,
    make_version,
)

pytestmark = pytest.mark.django_db
SEX = {
    "name": "sex",
    "label": "Sex",
    "categories": [{"code": "f", "label": "Women"}, {"code": "m", "label": "Men"}],
}


@pytest.fixture
def scene(client):
    scene = Scene()
    log_in(client, scene.officer)
    return scene


def url(scene, name="sheet-period"):
    return reverse(name, args=[scene.programme.code, scene.q3.pk])


def key(scene, indicator=None, unit=None, cell="", period=None):
    return place_key((indicator or scene.indicator).pk, (period or scene.q3).pk, unit, cell)


def cell(place, version=0, follow_up=None, **figures):
    return {"place": place, "version": version, "figures": figures, "follow_up": follow_up}


def send(client, scene, *cells, batch="b1", person=None):
    body = {"key": batch, "person": person or scene.officer.pk, "cells": list(cells)}
    return client.post(reverse("sheet-save"), json.dumps(body), content_type="application/json")


# --- The page ----------------------------------------------------------------------------------------------------


def test_a_period_shows_its_indicators_with_last_values_and_plan(client, scene):
    make_observation(scene.indicator, scene.quarters[5], numerator=18, denominator=60)
    draft = make_observation(scene.indicator, scene.q3, state="draft")

    text = client.get(url(scene)).content.decode()

    assert "18 of 60" in text
    assert f'name="{key(scene)}|numerator" value="30"' in text
    assert f"&quot;version&quot;:{draft.version}" in text
    assert "Submit 1 figure" in text


def test_only_what_the_person_enters_is_there(client, scene):
    other = make_indicator(make_programme(), local_name="Of another programme")
    computed = make_indicator(scene.programme, local_name="Computed")
    computed.formula = "1+1"
    computed.save()
    gone = make_indicator(scene.programme, local_name="Not in use", is_active=False)
    yearly = make_indicator(scene.programme, local_name="Yearly", frequency="annual")

    text = client.get(url(scene)).content.decode()

    assert [one.name for one in (other, computed, gone, yearly) if one.local_name in text] == []


def test_the_asked_place_takes_the_focus(client, scene):
    text = client.get(url(scene), {"place": key(scene)}).content.decode()

    assert text.count("autofocus") == 1


@pytest.mark.parametrize("state", ["submitted", "approved"])
def test_what_is_handed_in_or_in_force_can_be_read_and_not_typed_over(client, scene, state):
    make_observation(scene.indicator, scene.q3, state=state)

    text = client.get(url(scene)).content.decode()

    assert f'name="{key(scene)}|numerator"' not in text
    assert 'value="30" data-cell data-field="numerator" readonly' in text


def test_parts_show_where_they_are_in_use_or_asked_for(client):
    scene = Scene(version=make_version(value_type="count", scale=Decimal(1), disaggregations=[SEX]))
    log_in(client, scene.officer)

    assert "Women" not in client.get(url(scene)).content.decode()
    assert "Women" in client.get(url(scene), {"parts": "1"}).content.decode()
    make_observation(scene.indicator, scene.quarters[2], cell="sex=f", value=Decimal(2))
    assert "Women" in client.get(url(scene)).content.decode()


@pytest.mark.parametrize("count", [1, 25])
def test_queries_of_a_page_do_not_grow_with_its_cells(client, django_assert_num_queries, count):
    """13: session, person; programme, period, roles, periods to choose from, indicators, units, milestones; stored
    figures, histories, cells in use; roles for the menu."""
    version = make_version(value_type="count", scale=Decimal(1), disaggregations=[SEX])
    scene = Scene(version=version)
    log_in(client, scene.officer)
    units = [make_unit(scene.programme) for _number in range(count)]
    for _number in range(count):
        one = make_indicator(scene.programme, version=make_version(), units=units)
        for unit in units[:2]:
            make_observation(one, scene.quarters[5], unit=unit)
            make_observation(one, scene.q3, unit=unit, state="draft")
    client.get(url(scene))

    with django_assert_num_queries(13):
        assert client.get(url(scene)).status_code == 200


def test_an_indicator_over_its_periods(client, scene):
    place = key(scene, period=scene.quarters[4])
    answer = client.get(
        reverse("sheet-indicator", args=[scene.programme.code, scene.indicator.pk]) + "?periods=60"
    )

    assert f"{place}|numerator" in answer.content.decode()


def test_a_key_is_read_back():
    assert read_key(place_key(1, 2, None, "sex=f;nation=x.y")) == (1, 2, None, "sex=f;nation=x.y")
    assert read_key("1.2.3.") == (1, 2, 3, "")
    assert [read_key(one) for one in ("", "1.2.3", "a.2.3.", "-1.2.3.", "٣.2.3.", "9" * 30 + ".1.1.")] == [
        None
    ] * 6


# --- Without a script --------------------------------------------------------------------------------------------


def test_a_form_keeps_every_touched_cell_and_refuses_by_cell(client, scene):
    second = make_indicator(scene.programme)
    third = make_indicator(scene.programme)
    typed = {
        f"{key(scene)}|numerator": "30",
        f"{key(scene)}|denominator": "٦٠",
        f"{key(scene, second)}|numerator": "1,5",
        f"{key(scene, second)}|denominator": "3",
        f"{key(scene, third)}|numerator": "",
        f"{key(scene, third)}|missing_reason": "not_collected",
        "base": "{}",
    }

    answer = client.post(url(scene), typed)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "“1,5” was given" in text
    assert 'value="1,5"' in text
    assert "2 other figures are saved" in text
    assert set(Observation.objects.values_list("indicator", "missing_reason")) == {
        (scene.indicator.pk, ""), (third.pk, "not_collected"),
    }  # fmt: skip


def test_a_form_that_was_overtaken_shows_both_and_keeps_nothing(client, scene):
    make_observation(scene.indicator, scene.q3, state="draft", entered_by=make_user("colleague"))
    typed = {f"{key(scene)}|numerator": "31", f"{key(scene)}|denominator": "60", "base": "{}"}

    answer = client.post(url(scene), typed)

    text = answer.content.decode()
    assert answer.status_code == 422
    assert "Stored meanwhile: 30 of 60 = 50" in text
    assert "Colleague" in text
    assert 'value="31"' in text
    assert Observation.objects.get().numerator == 30
    # The answer carries what is stored now: saved again, it replaces knowingly.
    assert f"{key(scene)}&quot;:{{&quot;version&quot;:1" in text


def test_an_untouched_form_changes_nothing(client, scene):
    make_observation(scene.indicator, scene.q3, state="draft")
    page = client.get(url(scene))
    typed = {
        f"{key(scene)}|numerator": "30",
        f"{key(scene)}|denominator": "60",
        "base": page.context["sheet"].base,
    }

    answer = client.post(url(scene), typed, follow=True)

    assert "Nothing was different" in answer.content.decode()
    assert not Event.objects.exists()


# --- As one types ------------------------------------------------------------------------------------------------


def test_cells_are_answered_one_by_one(client, scene):
    second = make_indicator(scene.programme)

    answer = send(
        client,
        scene,
        cell(key(scene), numerator="30", denominator="60", comment="Counted.", follow_up=True),
        cell(key(scene, second), numerator="70", denominator="60"),
    ).json()["results"]

    good, bad = answer[key(scene)], answer[key(scene, second)]
    assert (good["outcome"], good["version"], good["texts"]) == (
        "saved",
        1,
        {"numerator": "30", "denominator": "60"},
    )
    assert good["text"] == "30 of 60 = 50 %".replace(" %", "\N{NO-BREAK SPACE}%")
    assert (bad["outcome"], "larger than" in bad["errors"][0]) == ("refused", True)


def test_a_batch_sent_twice_changes_nothing_twice(client, scene):
    first = send(client, scene, cell(key(scene), numerator="30", denominator="60"))
    second = send(client, scene, cell(key(scene), numerator="30", denominator="60"))

    assert first.json() == second.json()
    assert Event.objects.count() == 1
    other = send(client, scene, cell(key(scene), numerator="31", denominator="60"))
    assert other.status_code == 422


def test_two_people_on_one_cell_see_both_values(client, scene):
    make_observation(scene.indicator, scene.q3, state="draft", entered_by=make_user("colleague"))

    answer = send(client, scene, cell(key(scene), numerator="31", denominator="60")).json()["results"][
        key(scene)
    ]

    assert answer["outcome"] == "conflict"
    assert answer["stored"]["texts"] == {"numerator": "30", "denominator": "60"}
    assert (answer["stored"]["by"], answer["stored"]["version"], answer["stored"]["is_open"]) == (
        "Colleague",
        1,
        True,
    )


def test_what_one_person_typed_is_never_saved_as_another(client, scene):
    answer = send(client, scene, cell(key(scene), numerator="30", denominator="60"), person=scene.approver.pk)

    assert (answer.status_code, answer.json()["code"]) == (409, "person")
    assert not Observation.objects.exists()


def test_an_emptied_cell_takes_its_draft_away(client, scene):
    make_observation(scene.indicator, scene.q3, state="draft")

    answer = send(client, scene, cell(key(scene), 1, numerator="", denominator="")).json()["results"][
        key(scene)
    ]

    assert answer == {"outcome": "saved"}
    assert not Observation.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"null", b'{"cells": 3}', b'{"key": "k", "person": 1, "cells": [1]}',
        b'{"key": "k", "person": "x", "cells": []}', b"\xff", b"[" * 100_000,
        b'{"key": "k", "person": 1, "cells": [{"place": "x", "version": 1, "figures": {}}]}',
        b'{"key": "k", "person": 1, "cells": [{"place": "1.1.1.", "version": 1, "figures": {"value": 3}}]}',
        b'{"key": "k", "person": 1, "cells": [{"place": "1.1.1.", "version": 1e999, "figures": {}}]}',
    ],
)  # fmt: skip
def test_a_batch_that_cannot_be_read_says_what_was_expected(client, scene, body):
    answer = client.post(reverse("sheet-save"), body, content_type="application/json")

    assert answer.status_code == 400
    assert "each cell with place, version and figures" in answer.json()["message"]


# --- Beside a cell -----------------------------------------------------------------------------------------------


def test_beside_a_cell_stands_its_whole_history(client, scene):
    scene.approve(comment="Counted twice.")
    query = {"period": scene.q3.pk, "cell": ""}

    text = client.get(
        reverse("sheet-cell", args=[scene.programme.code, scene.indicator.pk]), query
    ).content.decode()

    assert all(word in text for word in ("Recorded", "Submitted", "Approved", "Correct this figure"))


# --- Handing in --------------------------------------------------------------------------------------------------


def test_all_drafts_are_handed_in_with_one_press(client, scene):
    second = make_indicator(scene.programme)
    make_indicator(scene.programme)
    for one in (scene.indicator, second):
        make_observation(one, scene.q3, state="draft")
    page = client.get(url(scene, "sheet-period-submit")).content.decode()
    assert "Submit 2 figures" in page
    assert "1 figure is still missing" in page

    answer = client.post(
        url(scene, "sheet-period-submit"),
        {"declaration": "on", "evidence_elsewhere": "Archive of the border police, file 7"},
        follow=True,
    )

    assert "2 figures submitted" in answer.content.decode()
    assert set(Observation.objects.values_list("state", flat=True)) == {"submitted"}
    assert Evidence.objects.filter(name="Archive of the border police, file 7").count() == 2


def test_what_looks_unusual_stays_until_a_comment_explains_it(client, scene):
    draft = make_observation(scene.indicator, scene.q3, state="draft")

    refused = client.post(url(scene, "sheet-period-submit"), {"declaration": "on"})
    assert refused.status_code == 422
    assert "No evidence is given" in refused.content.decode()
    draft.refresh_from_db()
    assert draft.state == "draft"

    client.post(
        url(scene, "sheet-period-submit"),
        {"declaration": "on", f"comment-{draft.pk}": "As inspected.", f"version-{draft.pk}": "1"},
    )
    draft.refresh_from_db()
    assert (draft.state, draft.comment) == ("submitted", "As inspected.")


def test_nothing_is_handed_in_without_the_declaration(client, scene):
    make_observation(scene.indicator, scene.q3, state="draft", comment="Fine.")

    answer = client.post(url(scene, "sheet-period-submit"), {})

    assert answer.status_code == 422
    assert Observation.objects.get().state == "draft"
