"""Addresses of this room."""

from django.urls import path

from indicators.programmes import (
    calendar_views,
    comparing_views,
    design_views,
    formula_views,
    index_views,
    place_views,
    profile_views,
    retarget_views,
    rules_views,
    substitute_views,
    tailor_views,
    views,
)

urlpatterns = [
    path("rules/", rules_views.rules_list, name="rules-list"),
    path("rules/new/", rules_views.rules_new, name="rules-new"),
    path("partners/<str:code>/", profile_views.partner_detail, name="partner-detail"),
    path("partners/<str:code>/profile/", profile_views.partner_profile_edit, name="partner-profile-edit"),
    path("programmes/", views.programme_list, name="programme-list"),
    path("programmes/new/", views.programme_new, name="programme-new"),
    path("programmes/<str:code>/edit/", views.programme_edit, name="programme-edit"),
    # Design.
    path("programmes/<str:code>/design/", design_views.programme_design, name="programme-design"),
    path("programmes/<str:code>/design/start/", design_views.design_start, name="design-start"),
    path("programmes/<str:code>/design/force/", design_views.design_force, name="design-force"),
    path("programmes/<str:code>/design/compare/", comparing_views.design_compare, name="design-compare"),
    path("programmes/<str:code>/design/scope/", design_views.scope_edit, name="scope-edit"),
    path("programmes/<str:code>/objectives/new/", design_views.objective_new, name="objective-new"),
    path("programmes/<str:code>/objectives/<int:pk>/", design_views.objective_edit, name="objective-edit"),
    path(
        "programmes/<str:code>/objectives/<int:pk>/remove/",
        design_views.objective_remove,
        name="objective-remove",
    ),
    path("programmes/<str:code>/assumptions/new/", design_views.assumption_new, name="assumption-new"),
    path("programmes/<str:code>/assumptions/<int:pk>/", design_views.assumption_edit, name="assumption-edit"),
    path(
        "programmes/<str:code>/assumptions/<int:pk>/remove/",
        design_views.assumption_remove,
        name="assumption-remove",
    ),
    # Places and people.
    path("programmes/<str:code>/units/", place_views.unit_list, name="unit-list"),
    path("programmes/<str:code>/units/new/", place_views.unit_new, name="unit-new"),
    path("programmes/<str:code>/units/<int:pk>/", place_views.unit_edit, name="unit-edit"),
    path("programmes/<str:code>/courses/", place_views.course_list, name="course-list"),
    path("programmes/<str:code>/courses/new/", place_views.course_new, name="course-new"),
    path("programmes/<str:code>/courses/<int:pk>/", place_views.course_edit, name="course-edit"),
    path("programmes/<str:code>/courses/<int:pk>/runs/new/", place_views.run_new, name="run-new"),
    path("programmes/<str:code>/runs/<int:pk>/", place_views.run_edit, name="run-edit"),
    path("programmes/<str:code>/members/", place_views.member_list, name="member-list"),
    path("programmes/<str:code>/members/new/", place_views.member_new, name="member-new"),
    path("programmes/<str:code>/members/<int:pk>/end/", place_views.member_end, name="member-end"),
    path(
        "programmes/<str:code>/members/<int:pk>/substitute/",
        substitute_views.substitute_new,
        name="substitute-new",
    ),
    # The calendar.
    path("programmes/<str:code>/calendar/", calendar_views.programme_calendar, name="programme-calendar"),
    path("programmes/<str:code>/calendar/reopen/", calendar_views.period_reopen, name="period-reopen"),
    path("programmes/<str:code>/calendar/lock/", calendar_views.period_lock, name="period-lock"),
    path("programmes/<str:code>/calendar/exception/", calendar_views.exception_grant, name="exception-grant"),
    path(
        "programmes/<str:code>/calendar/exceptions/<int:pk>/revoke/",
        calendar_views.exception_revoke,
        name="exception-revoke",
    ),
    # Composite indices.
    path("programmes/<str:code>/indices/new/", index_views.composite_new, name="composite-new"),
    path("programmes/<str:code>/indices/<int:pk>/edit/", index_views.composite_edit, name="composite-edit"),
    path(
        "programmes/<str:code>/indices/<int:pk>/retire/",
        index_views.composite_retire,
        name="composite-retire",
    ),
    # Tailored indicators.
    path("programmes/<str:code>/indicators/add/", tailor_views.indicator_add, name="indicator-add"),
    path(
        "programmes/<str:code>/indicators/add/<str:definition>/",
        tailor_views.indicator_tailor,
        name="indicator-tailor",
    ),
    path(
        "programmes/<str:code>/indicators/<int:pk>/edit/", tailor_views.indicator_edit, name="indicator-edit"
    ),
    path(
        "programmes/<str:code>/indicators/<int:pk>/target/", tailor_views.target_revise, name="target-revise"
    ),
    path("programmes/<str:code>/targets/propose/", retarget_views.targets_propose, name="targets-propose"),
    path("programmes/<str:code>/proposals/<int:pk>/", tailor_views.proposal_decide, name="proposal-decide"),
    path(
        "programmes/<str:code>/indicators/<int:pk>/formula/",
        formula_views.indicator_formula,
        name="indicator-formula",
    ),
    path(
        "programmes/<str:code>/indicators/<int:pk>/sign-off/",
        tailor_views.indicator_sign_off,
        name="indicator-sign-off",
    ),
]
