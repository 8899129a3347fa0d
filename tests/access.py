"""Who may open what: the table that people read and `test_doors` proves for every address and every role.

The cast stands in `tests.world`: members of OWN (officer, validator, approver, evaluator, reader), those who read
everything (admin, regional, auditor), the partner viewer of OWN's nation, and strangers: a former member, a member of
OTHER, the partner viewer of another nation. Strangers get 404: they learn nothing, not even that a thing exists.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

MEMBERS = ("officer", "validator", "approver", "evaluator", "reader")
SEERS = ("admin", "regional", "auditor")
INSIDE = (*MEMBERS, *SEERS)
PARTNER = ("partner",)
STRANGERS = ("former", "stranger", "other_partner")
SIGNED_IN = (*INSIDE, *PARTNER, *STRANGERS)
WRITERS = ("officer", "approver")
REVIEWERS = ("validator", "approver")
REGISTER = ("admin", "officer", "validator", "approver", "evaluator")
"""Who reads records of single participants, under pseudonyms."""


@dataclass(frozen=True)
class Route:
    """One address: how to reach OWN's object, who opens it, who is told no (403); everybody else gets 404."""

    args: Callable[[SimpleNamespace], list[Any]]
    opens: tuple[str, ...]
    told_no: tuple[str, ...] = ()
    method: str = "get"
    """post: the address takes no GET, and the opening ones are asked by POST with nothing in it."""


def nothing(_own: SimpleNamespace) -> list[Any]:
    return []


def code(own: SimpleNamespace) -> list[Any]:
    return [own.programme.code]


def of(name: str) -> Callable[[SimpleNamespace], list[Any]]:
    return lambda own: [getattr(own, name).pk]


def code_and(name: str) -> Callable[[SimpleNamespace], list[Any]]:
    return lambda own: [own.programme.code, getattr(own, name).pk]


def everybody() -> Route:
    return Route(nothing, SIGNED_IN)


def seen(args: Callable[[SimpleNamespace], list[Any]]) -> Route:
    return Route(args, (*INSIDE, *PARTNER))


def inside(args: Callable[[SimpleNamespace], list[Any]]) -> Route:
    return Route(args, INSIDE)


def only(
    opens: tuple[str, ...],
    args: Callable[[SimpleNamespace], list[Any]],
    *,
    among: tuple[str, ...] = (*INSIDE, *PARTNER),
    method: str = "get",
) -> Route:
    """Opens for some of those who know that it exists; the others among them are told no."""
    return Route(args, opens, tuple(who for who in among if who not in opens), method)


ADMIN = ("admin",)
OPEN = {
    "healthz", "readyz", "calendar-feed", "account_login", "account_logout", "account_signup", "account_inactive",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_email_verification_sent", "account_confirm_email", "set_language",
    "mfa_authenticate",
}  # fmt: skip
"""No sign-in needed."""
OF_LIBRARIES = ("admin:", "account_", "mfa_", "socialaccount_", "usersessions_")
"""Pages of Django and allauth, with their own tests; here only: nobody anonymous gets in."""

ROUTES: dict[str, Route] = {
    "home": everybody(),
    "styleguide": only(ADMIN, nothing, among=SIGNED_IN),
    # entry
    "due-list": everybody(),
    "review-queue": only(REVIEWERS, nothing, among=SIGNED_IN),
    "review-summary": only(REVIEWERS, nothing, among=SIGNED_IN, method="post"),
    "review-decide": only(REVIEWERS, nothing, among=SIGNED_IN, method="post"),
    "change-request-list": only(INSIDE, code),
    "observation-new": only(WRITERS, of("indicator")),
    "observation-beside": only(WRITERS, of("indicator")),
    "observation-computed": only(WRITERS, of("indicator")),
    "observation-detail": seen(of("approved")),
    "observation-edit": only(WRITERS, of("draft"), among=INSIDE),
    "observation-correct": only(WRITERS, of("approved")),
    "observation-submit": only(WRITERS, of("draft"), among=INSIDE, method="post"),
    "observation-discard": only(WRITERS, of("draft"), among=INSIDE, method="post"),
    "observation-decide": only(("approver",), of("submitted"), among=INSIDE, method="post"),
    "sheet-save": Route(nothing, SIGNED_IN, method="post"),
    "sheet-period": only(WRITERS, code_and("period")),
    "sheet-period-submit": only(WRITERS, code_and("period")),
    "sheet-indicator": only(WRITERS, code_and("indicator")),
    "sheet-indicator-submit": only(WRITERS, code_and("indicator")),
    "sheet-cell": only(WRITERS, code_and("indicator")),
    # comments
    "comments-indicator": seen(of("indicator")),
    "comments-observation": seen(of("approved")),
    "comments-finding": inside(of("finding")),
    "comment-edit": only(("officer",), of("remark"), among=INSIDE),
    "comment-withdraw": only(("admin", "officer"), of("remark"), among=INSIDE, method="post"),
    "comment-resolve": Route(of("remark"), INSIDE, method="post"),
    # files
    "import-list": only(WRITERS, code),
    "import-template": Route(code, (), tuple(who for who in (*INSIDE, *PARTNER) if who not in WRITERS)),
    "import-detail": only(WRITERS, code_and("file_import"), among=INSIDE),
    **{
        f"import-{name}": only(WRITERS, code_and("file_import"), among=INSIDE, method="post")
        for name in ("layout", "table", "words", "columns", "check", "apply", "discard")
    },
    "import-undo": only(WRITERS, code_and("file_import"), among=INSIDE),
    "import-problems": only(WRITERS, code_and("file_import"), among=INSIDE),
    "import-problems-xlsx": only(WRITERS, code_and("file_import"), among=INSIDE),
    # course registers
    "register-edit": only(REGISTER, code_and("course_run")),
    "participant-remove": only(WRITERS, code_and("course_run"), method="post"),
    "register-import": only(REGISTER, code_and("course_run")),
    "register-propose": only(REGISTER, code_and("course_run")),
    "run-facts": only(REGISTER, code_and("course_run")),
    "registers-expired": only(ADMIN, nothing, among=SIGNED_IN),
    # programmes
    "partner-detail": inside(lambda own: [own.programme.partners.get().code]),
    "partner-profile-edit": only(
        ("admin", "approver"), lambda own: [own.programme.partners.get().code], among=INSIDE
    ),
    "programme-list": everybody(),
    "programme-new": only(ADMIN, nothing, among=SIGNED_IN),
    "programme-edit": only(ADMIN, code),
    "programme-design": seen(code),
    "design-compare": seen(code),
    "design-start": only(ADMIN, code),
    "design-force": only(ADMIN, code),
    "scope-edit": only(ADMIN, code),
    "objective-new": only(ADMIN, code),
    "objective-edit": only(ADMIN, code_and("objective")),
    "objective-remove": only(ADMIN, code_and("objective")),
    "assumption-new": only(ADMIN, code),
    "assumption-edit": only(ADMIN, code_and("assumption")),
    "assumption-remove": only(ADMIN, code_and("assumption")),
    "unit-list": seen(code),
    "unit-new": only(ADMIN, code),
    "unit-edit": only(ADMIN, code_and("unit")),
    "course-list": seen(code),
    "course-new": only(ADMIN, code),
    "course-edit": only(ADMIN, code_and("course")),
    "run-new": only(ADMIN, code_and("course")),
    "run-edit": only(ADMIN, code_and("course_run")),
    "member-list": only(INSIDE, code),
    "member-new": only(ADMIN, code),
    "member-end": only(ADMIN, code_and("membership")),
    "substitute-new": only(ADMIN, code_and("membership")),
    # the calendar
    "programme-calendar": only(INSIDE, code),
    "period-reopen": only(("admin", "approver"), code),
    "period-lock": only(("admin", "approver"), code),
    "exception-grant": only(("admin", "approver"), code),
    "exception-revoke": only(("admin", "approver"), code_and("exception")),
    "indicator-add": only(ADMIN, code),
    "indicator-tailor": only(ADMIN, lambda own: [own.programme.code, own.indicator.definition.code]),
    "indicator-edit": only(ADMIN, code_and("indicator")),
    "target-revise": only(ADMIN, code_and("indicator")),
    "targets-propose": only(ADMIN, code),
    "indicator-formula": only(ADMIN, code_and("indicator")),
    "proposal-decide": Route(lambda own: [own.programme.code, own.proposal.pk], INSIDE, PARTNER),
    "indicator-sign-off": only(PARTNER, code_and("indicator")),
    "composite-new": only(("admin", "approver"), code),
    "composite-edit": only(("admin", "approver"), code_and("composite")),
    "composite-retire": only(("admin", "approver"), code_and("composite")),
    "rules-list": everybody(),
    "rules-new": only(ADMIN, nothing, among=SIGNED_IN),
    # published files in and out
    "iati-import": only(ADMIN, nothing, among=SIGNED_IN),
    "iati-import-detail": only(ADMIN, of("iati_import"), among=SIGNED_IN),
    **{
        f"iati-import-{name}": only(ADMIN, of("iati_import"), among=SIGNED_IN, method="post")
        for name in ("check", "apply", "discard")
    },
    "programme-iati": seen(code),
    "context-load": only(ADMIN, nothing, among=SIGNED_IN),
    # people
    "people-list": only(ADMIN, nothing, among=SIGNED_IN),
    "person-new": only(ADMIN, nothing, among=SIGNED_IN),
    "person-edit": only(ADMIN, lambda own: [own.membership.user_id], among=SIGNED_IN),
    "person-password": only(ADMIN, lambda own: [own.membership.user_id], among=SIGNED_IN),
    "my-account": everybody(),
    "digest-set": Route(nothing, SIGNED_IN, method="post"),
    "notice-choices-set": Route(nothing, SIGNED_IN, method="post"),
    "calendar-new": Route(nothing, SIGNED_IN, method="post"),
    "calendar-end": Route(nothing, SIGNED_IN, method="post"),
    "notice-list": everybody(),
    "follow-set": Route(nothing, (), method="post"),
    "notices-read": Route(nothing, SIGNED_IN, method="post"),
    "token-new": Route(nothing, SIGNED_IN, method="post"),
    "token-revoke": Route(lambda own: ["no-such-token"], (), method="post"),
    # library
    "library-list": everybody(),
    "library-detail": Route(lambda own: [own.indicator.definition.code], SIGNED_IN),
    # assessment
    "assessment-list": everybody(),
    "due-progress": inside(of("due")),
    "due-cancel": only(ADMIN, of("due"), among=INSIDE),
    "expost-plan": only(INSIDE, code),
    "expost-plan-edit": only(("admin", "officer", "approver", "evaluator"), code),
    "expost-plan-indicator": only(("admin", "officer", "approver", "evaluator"), code_and("indicator")),
    "expost-plan-drop": only(
        ("admin", "officer", "approver", "evaluator"), code_and("indicator"), method="post"
    ),
    "expost-plan-lock": only(("admin", "evaluator"), code),
    "contribution-detail": only(INSIDE, code_and("secret"), among=INSIDE),
    "contribution-rate": only(("evaluator",), code_and("indicator")),
    "contribution-discard": only(("evaluator",), code_and("indicator"), method="post"),
    "contribution-settle": only(("evaluator",), code_and("indicator"), method="post"),
    "contribution-again": only(("evaluator",), code_and("indicator"), method="post"),
    "due-retry": only(ADMIN, of("due"), among=INSIDE, method="post"),
    "alert-detail": seen(of("alert")),
    "assessment-request": only(("admin", "approver", "evaluator"), code),
    "schedule-edit": only(ADMIN, code),
    "admin-schedule": only(ADMIN, nothing, among=SIGNED_IN),
    "evaluation-new": only(("evaluator",), of("run"), among=(*INSIDE, *PARTNER)),
    "evaluation-list": everybody(),
    "evaluation-plan": only(("admin", "evaluator"), code),
    "evaluation-detail": inside(of("evaluation")),
    "evaluation-begin": only(("evaluator",), of("evaluation"), among=INSIDE),
    "evaluation-edit": only(("evaluator",), of("evaluation"), among=INSIDE),
    "evaluation-move": only(("evaluator",), lambda own: [own.evaluation.pk, "final"], among=INSIDE),
    "evaluation-release": only(ADMIN, of("evaluation"), among=INSIDE),
    "fact-check-finish": only(WRITERS, of("evaluation"), among=INSIDE, method="post"),
    "ratings-edit": only(("evaluator",), of("evaluation"), among=INSIDE),
    "finding-new": only(("evaluator",), of("evaluation"), among=INSIDE),
    "finding-edit": only(("evaluator",), of("finding"), among=INSIDE),
    "finding-remove": only(("evaluator",), of("finding"), among=INSIDE, method="post"),
    "fact-comment": only(WRITERS, of("finding"), among=INSIDE),
    "fact-answer": only(("evaluator",), of("comment"), among=INSIDE),
    "recommendation-new": only(("evaluator",), of("evaluation"), among=INSIDE),
    "recommendation-list": everybody(),
    "recommendation-edit": only(("evaluator",), of("recommendation"), among=INSIDE),
    "recommendation-remove": only(("evaluator",), of("recommendation"), among=INSIDE, method="post"),
    "response-new": only(("approver",), of("recommendation"), among=INSIDE),
    "action-report": only(WRITERS, of("recommendation"), among=INSIDE),
    "lesson-new": only(("evaluator",), of("evaluation"), among=INSIDE),
    "lesson-list": everybody(),
    "lesson-edit": only(("evaluator",), of("lesson"), among=INSIDE),
    "lesson-remove": only(("evaluator",), of("lesson"), among=INSIDE, method="post"),
    "lesson-move": only(("admin", "evaluator"), lambda own: [own.lesson.pk, "verified"], among=INSIDE),
    "decision-new": only(("admin", "approver"), code),
    # reports
    "portfolio": everybody(),
    "portfolio-part": Route(lambda own: ["changes"], SIGNED_IN),
    "region": everybody(),
    "brief": everybody(),
    "comparison": everybody(),
    "decision-detail": inside(of("decision")),
    "programme-detail": seen(code),
    "indicator-detail": seen(code_and("indicator")),
    "sameness": everybody(),
    "search": everybody(),
    "crosstab": seen(code),
    "indicator-part": seen(lambda own: [own.programme.code, own.indicator.pk, "history"]),
    "crosstab-indicator": seen(code_and("indicator")),
    "composite-detail": seen(code_and("composite")),
    "assessment-detail": seen(of("run")),
    "what-if": seen(of("run")),
    "programme-what-if": seen(code),
    "early-verdicts": everybody(),
    "programme-early-verdicts": seen(code),
    "course-results": seen(code),
    "run-results": seen(code_and("course_run")),
    "context-list": everybody(),
    "context-detail": Route(lambda own: [own.series.code], SIGNED_IN),
    "event-list": only(tuple(who for who in SIGNED_IN if "partner" not in who), nothing, among=SIGNED_IN),
    "explanation": seen(lambda own: ["indicator", str(own.indicator.pk)]),
    "export": seen(lambda own: ["programme", own.programme.code, "csv"]),
    # the machine door
    "api-schema": everybody(),
    "api-catalogue-list": everybody(),
    "api-catalogue-detail": Route(lambda own: [own.indicator.definition.code], SIGNED_IN),
    "api-programme-list": everybody(),
    "api-programme-detail": seen(code),
    "api-programme-units": seen(code),
    "api-programme-iati": seen(code),
    "api-programme-calendar": only(INSIDE, code),
    **{
        f"api-programme-calendar-{act}": only(("admin", "approver"), code, method="post")
        for act in ("reopen", "lock", "exceptions")
    },
    "api-programme-calendar-exception-revoke": only(
        ("admin", "approver"), code_and("exception"), method="post"
    ),
    "api-programme-members": only(INSIDE, code),
    "api-programme-member-substitute": only(ADMIN, code_and("membership"), method="post"),
    "api-programme-member-end": only(ADMIN, code_and("membership"), method="post"),
    "api-programme-assess": only(("admin", "approver", "evaluator"), code, method="post"),
    "api-indicator-list": everybody(),
    "api-indicator-detail": seen(of("indicator")),
    "api-indicator-periods": seen(of("indicator")),
    "api-explanation": seen(lambda own: ["indicator", str(own.indicator.pk)]),
    "api-indicator-explanation": seen(of("indicator")),
    "api-indicator-period-explanation": seen(lambda own: [own.indicator.pk, own.period.pk]),
    "api-verdict-explanation": seen(of("verdict")),
    "api-observation-list": everybody(),
    "api-observation-bulk": Route(nothing, SIGNED_IN, method="post"),
    "api-observation-detail": seen(of("approved")),
    "api-observation-submit": only(WRITERS, of("draft"), among=INSIDE, method="post"),
    "api-observation-validate": only((), of("submitted"), among=INSIDE, method="post"),
    "api-observation-request-change": only(WRITERS, of("approved"), method="post"),
    "api-observation-approve": only(("approver",), of("submitted"), among=INSIDE, method="post"),
    "api-observation-send-back": only(("approver",), of("submitted"), among=INSIDE, method="post"),
    "api-observation-correct": only(WRITERS, of("approved"), method="post"),
    "api-programme-early-verdicts": seen(code),
    "api-programme-all-early-verdicts": everybody(),
    "api-expost-plan-list": everybody(),
    "api-expost-plan-detail": inside(of("expost_plan")),
    "api-partner-profile-list": everybody(),
    "api-partner-profile-detail": inside(of("profile")),
    "api-assessment-list": everybody(),
    "api-assessment-detail": seen(of("run")),
    "api-assessment-what-if": Route(of("run"), (*INSIDE, *PARTNER), method="post"),
    "api-assessment-due": inside(of("due")),
    "api-verdict-list": everybody(),
    "api-verdict-detail": seen(of("verdict")),
    "api-composite-list": everybody(),
    "api-composite-detail": seen(of("composite")),
    "api-composite-result-list": everybody(),
    "api-composite-result-detail": seen(of("index_result")),
    "api-rollups": everybody(),
    "api-comparison": everybody(),
    "api-iati-import-list": everybody(),
    "api-iati-import-detail": Route(of("iati_import"), ADMIN),
    "api-iati-import-findings": Route(of("iati_import"), ADMIN),
    **{
        f"api-iati-import-{name}": Route(of("iati_import"), ADMIN, method="post")
        for name in ("check", "apply", "discard")
    },
    "api-import-list": everybody(),
    "api-import-detail": Route(of("file_import"), WRITERS),
    "api-import-problems": Route(of("file_import"), WRITERS),
    "api-import-layout": Route(of("file_import"), WRITERS, method="post"),
    "api-import-apply": Route(of("file_import"), WRITERS, method="post"),
    "api-import-undo": Route(of("file_import"), WRITERS, method="post"),
    "api-alert-list": everybody(),
    "api-alert-detail": seen(of("alert")),
    "api-evaluation-list": everybody(),
    "api-evaluation-detail": inside(of("evaluation")),
    "api-contribution-rating-list": everybody(),
    "api-contribution-rating-detail": inside(of("contribution_rating")),
    "api-finding-list": everybody(),
    "api-finding-detail": inside(of("finding")),
    "api-recommendation-list": everybody(),
    "api-recommendation-detail": inside(of("recommendation")),
    "api-response-list": everybody(),
    "api-response-detail": inside(of("response")),
    "api-decision-list": everybody(),
    "api-decision-detail": inside(of("decision")),
    "api-lesson-list": everybody(),
    "api-lesson-detail": inside(of("lesson")),
    "api-comment-list": everybody(),
    "api-comment-detail": inside(of("remark")),
    "api-course-run-list": everybody(),
    "api-course-run-detail": seen(of("course_run")),
    "api-course-run-register": only(REGISTER, of("course_run")),
    "document-list": everybody(),
    "document-request": Route(
        lambda own: ["programme", own.programme.code], (*INSIDE, *PARTNER), method="post"
    ),
    "document-file": Route(of("document"), ("officer",)),
    "document-remove": Route(of("document"), ("officer",), method="post"),
    "api-document-list": everybody(),
    "api-document-detail": Route(of("document"), ("officer",)),
    "evidence-download": seen(of("evidence")),
    "evidence-add": only(WRITERS, of("draft"), among=INSIDE, method="post"),
    "evidence-remove": only(WRITERS, of("draft_evidence"), among=INSIDE, method="post"),
}
