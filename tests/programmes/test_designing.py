"""Drafting a design, putting it in force, starting the next."""

from datetime import date

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from indicators.models import DesignVersion, Event, Objective
from indicators.programmes.actions import (
    put_design_in_force,
    remove_assumption,
    remove_objective,
    save_assumption,
    save_objective,
    save_scope,
    start_design_version,
)
from tests.factories import AT, make_admin, make_indicator, make_programme, make_user

pytestmark = pytest.mark.django_db


def make_draft():
    """A programme whose second version is a draft, and an administrator."""
    programme, admin = make_programme(), make_admin()
    design = start_design_version(programme=programme, reason="The context changed.", by=admin, at=AT)
    return programme, design, admin


def add(design, admin, code, level, parent=None, **given):
    return save_objective(
        design=design, code=code, level=level, statement=code, parent=parent, by=admin, at=AT, **given
    )


def test_a_new_version_copies_objectives_with_their_codes_and_parents():
    programme, admin = make_programme(), make_admin()
    old = programme.designs.get()
    outcome = old.objectives.get()
    Objective.objects.create(design=old, code="OP1", level="output", statement="A course.", parent=outcome)
    old.assumptions.create(kind="risk", statement="Staff leave.")

    new = start_design_version(programme=programme, reason="The context changed.", by=admin, at=AT)

    assert (new.number, new.state) == (2, "draft")
    assert new.objectives.get(code="OP1").parent == new.objectives.get(code="OC1")
    assert new.assumptions.get().statement == "Staff leave."
    assert old.objectives.count() == 2


def test_a_second_draft_is_refused():
    programme, _design, admin = make_draft()

    with pytest.raises(ValidationError, match="draft exists already"):
        start_design_version(programme=programme, reason="Again.", by=admin, at=AT)

    assert programme.designs.count() == 2


def test_a_new_version_needs_a_reason():
    with pytest.raises(ValidationError, match="say why"):
        start_design_version(programme=make_programme(), reason="  ", by=make_admin(), at=AT)


def test_in_force_replaces_the_old_and_moves_the_indicators_by_code():
    programme, admin = make_programme(), make_admin()
    indicator = make_indicator(programme)
    design = start_design_version(programme=programme, reason="The context changed.", by=admin, at=AT)

    put_design_in_force(design=design, by=admin, at=AT)

    indicator.refresh_from_db()
    assert indicator.objective == design.objectives.get(code="OC1")
    assert list(programme.designs.order_by("number").values_list("state", flat=True)) == [
        "replaced",
        "in_force",
    ]


def test_an_indicator_whose_objective_is_gone_is_named():
    programme, admin = make_programme(), make_admin()
    indicator = make_indicator(programme)
    design = start_design_version(programme=programme, reason="The context changed.", by=admin, at=AT)
    add(design, admin, "OC2", "outcome")
    remove_objective(objective=design.objectives.get(code="OC1"), by=admin, at=AT)

    put_design_in_force(design=design, by=admin, at=AT)

    indicator.refresh_from_db()
    assert indicator.objective is None
    event = Event.objects.get(verb="put a design in force")
    assert event.after["indicators_without_objective"] == [indicator.definition.code]


def test_an_empty_design_does_not_come_into_force():
    programme, design, admin = make_draft()
    remove_objective(objective=design.objectives.get(), by=admin, at=AT)

    with pytest.raises(ValidationError, match="no objective"):
        put_design_in_force(design=design, by=admin, at=AT)

    assert programme.designs.get(number=1).state == DesignVersion.State.IN_FORCE


def test_a_design_does_not_come_into_force_before_its_predecessor():
    _programme, design, admin = make_draft()

    with pytest.raises(ValidationError) as caught:
        put_design_in_force(design=design, in_force_from=date(2023, 1, 1), by=admin, at=AT)

    assert "in_force_from" in caught.value.message_dict


@pytest.mark.parametrize("act", ["scope", "objective", "assumption", "remove", "force"])
def test_a_design_in_force_is_never_edited(act):
    programme, admin = make_programme(), make_admin()
    design = programme.designs.get()

    with pytest.raises(ValidationError, match="start a new version"):
        {
            "scope": lambda: save_scope(design=design, scope="Wider.", by=admin, at=AT),
            "objective": lambda: add(design, admin, "OC2", "outcome"),
            "assumption": lambda: save_assumption(design=design, kind="risk", statement="x", by=admin, at=AT),
            "remove": lambda: remove_objective(objective=design.objectives.get(), by=admin, at=AT),
            "force": lambda: put_design_in_force(design=design, by=admin, at=AT),
        }[act]()

    design.refresh_from_db()
    assert (design.scope, design.objectives.count()) == ("", 1)
    assert not Event.objects.exists()


def test_impact_stands_above_outcome_and_outcome_above_output():
    _programme, design, admin = make_draft()
    impact = add(design, admin, "IM1", "impact")
    outcome = add(design, admin, "OC2", "outcome", impact)
    add(design, admin, "OP1", "output", outcome)

    with pytest.raises(ValidationError) as caught:
        add(design, admin, "IM2", "impact", outcome)

    assert "impact is above outcome" in caught.value.message_dict["parent"][0]
    assert not design.objectives.filter(code="IM2").exists()


def test_objectives_never_form_a_circle():
    _programme, design, admin = make_draft()
    first = design.objectives.get(code="OC1")
    second = add(design, admin, "OC2", "outcome", first)

    with pytest.raises(ValidationError, match="circle"):
        add(design, admin, "OC1", "outcome", second, objective=first)


def test_an_objective_above_others_is_not_lowered_below_them():
    _programme, design, admin = make_draft()
    first = design.objectives.get(code="OC1")
    add(design, admin, "OC2", "outcome", first)

    with pytest.raises(ValidationError) as caught:
        add(design, admin, "OC1", "output", objective=first)

    assert "OC2" in caught.value.message_dict["level"][0]


def test_a_parent_of_another_programme_is_refused():
    _programme, design, admin = make_draft()
    stranger = make_programme().designs.get().objectives.get()

    with pytest.raises(ValidationError) as caught:
        add(design, admin, "OC2", "outcome", stranger)

    assert "parent" in caught.value.message_dict


def test_the_same_objective_code_twice_is_refused():
    _programme, design, admin = make_draft()

    with pytest.raises(ValidationError, match="already in use"):
        add(design, admin, "OC1", "outcome")


def test_an_objective_with_others_below_it_stays():
    _programme, design, admin = make_draft()
    first = design.objectives.get(code="OC1")
    add(design, admin, "OP1", "output", first)

    with pytest.raises(ValidationError, match="OP1"):
        remove_objective(objective=first, by=admin, at=AT)


def test_assumptions_come_and_go_in_a_draft():
    _programme, design, admin = make_draft()

    risk = save_assumption(design=design, kind="risk", statement="Staff leave.", by=admin, at=AT)
    save_assumption(
        design=design,
        assumption=risk,
        kind="risk",
        statement="Staff leave.",
        likelihood="high",
        by=admin,
        at=AT,
    )
    remove_assumption(assumption=risk, by=admin, at=AT)

    assert not design.assumptions.exists()
    verbs = Event.objects.filter(about_type="assumption").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["added a risk", "changed a risk", "removed a risk"]


def test_only_administrators_draft():
    programme, design, _admin = make_draft()
    officer = make_user(programme=programme)

    with pytest.raises(PermissionDenied):
        save_scope(design=design, scope="Wider.", by=officer, at=AT)
