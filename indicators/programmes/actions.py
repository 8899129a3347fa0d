"""The verbs of this room, for whoever opens its door: pages, the API, the clock, the demo. Nothing is done here."""

from indicators.programmes.calendar import grant_exceptions, lock_periods, reopen_periods, revoke_exception
from indicators.programmes.composing import create_index, retire_index, revise_index
from indicators.programmes.computing import set_formula
from indicators.programmes.designing import (
    put_design_in_force,
    remove_assumption,
    remove_objective,
    save_assumption,
    save_objective,
    save_scope,
    start_design_version,
)
from indicators.programmes.places import ensure_periods, save_course, save_run, save_unit
from indicators.programmes.proposing import decide_proposal
from indicators.programmes.registering import add_member, change_programme, end_membership, register_programme
from indicators.programmes.rules import change_rules
from indicators.programmes.substituting import name_substitute
from indicators.programmes.tailoring import change_indicator, revise_target, sign_off, tailor_indicator

__all__ = [
    "add_member",
    "change_indicator",
    "change_programme",
    "change_rules",
    "create_index",
    "decide_proposal",
    "end_membership",
    "ensure_periods",
    "grant_exceptions",
    "lock_periods",
    "name_substitute",
    "put_design_in_force",
    "register_programme",
    "remove_assumption",
    "remove_objective",
    "reopen_periods",
    "retire_index",
    "revise_index",
    "revise_target",
    "revoke_exception",
    "save_assumption",
    "save_course",
    "save_objective",
    "save_run",
    "save_scope",
    "save_unit",
    "set_formula",
    "sign_off",
    "start_design_version",
    "tailor_indicator",
]
