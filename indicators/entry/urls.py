"""Addresses of this room."""

from django.urls import URLPattern, path

from indicators.entry import evidence_views, form_views, review_views, sheet_views, views
from indicators.entry.importing import views as importing
from indicators.entry.register import views as register

urlpatterns: list[URLPattern] = [
    path("due/", views.due_list, name="due-list"),
    path("calendar/<str:secret>.ics", views.calendar_feed, name="calendar-feed"),
    path("review/", review_views.review_queue, name="review-queue"),
    path("review/summary/", review_views.review_summary, name="review-summary"),
    path("review/decide/", review_views.review_decide, name="review-decide"),
    path("log/<int:indicator_pk>/", form_views.observation_new, name="observation-new"),
    path("log/<int:indicator_pk>/beside/", form_views.observation_beside, name="observation-beside"),
    path("log/<int:indicator_pk>/computed/", form_views.observation_computed, name="observation-computed"),
    path("enter/save/", sheet_views.sheet_save, name="sheet-save"),
    path("programmes/<str:code>/enter/<int:period_pk>/", sheet_views.sheet_period, name="sheet-period"),
    path(
        "programmes/<str:code>/enter/<int:period_pk>/submit/",
        sheet_views.sheet_period_submit,
        name="sheet-period-submit",
    ),
    path(
        "programmes/<str:code>/indicators/<int:pk>/enter/",
        sheet_views.sheet_indicator,
        name="sheet-indicator",
    ),
    path(
        "programmes/<str:code>/indicators/<int:pk>/enter/submit/",
        sheet_views.sheet_indicator_submit,
        name="sheet-indicator-submit",
    ),
    path("programmes/<str:code>/indicators/<int:pk>/enter/cell/", sheet_views.sheet_cell, name="sheet-cell"),
    path("observations/<int:pk>/", views.observation_detail, name="observation-detail"),
    path("observations/<int:pk>/edit/", form_views.observation_edit, name="observation-edit"),
    path("observations/<int:pk>/correct/", form_views.observation_correct, name="observation-correct"),
    path("observations/<int:pk>/submit/", views.observation_submit, name="observation-submit"),
    path("observations/<int:pk>/discard/", views.observation_discard, name="observation-discard"),
    path("observations/<int:pk>/decide/", views.observation_decide, name="observation-decide"),
    path("observations/<int:pk>/evidence/", evidence_views.evidence_add, name="evidence-add"),
    path("registers/expired/", register.registers_expired, name="registers-expired"),
    path("programmes/<str:code>/runs/<int:pk>/register/", register.register_edit, name="register-edit"),
    path(
        "programmes/<str:code>/runs/<int:pk>/register/remove/",
        register.participant_remove,
        name="participant-remove",
    ),
    path(
        "programmes/<str:code>/runs/<int:pk>/register/file/", register.register_import, name="register-import"
    ),
    path("programmes/<str:code>/runs/<int:pk>/facts/", register.run_facts, name="run-facts"),
    path("programmes/<str:code>/runs/<int:pk>/figures/", register.register_propose, name="register-propose"),
    path("programmes/<str:code>/changes/", review_views.change_request_list, name="change-request-list"),
    path("evidence/<int:pk>/remove/", evidence_views.evidence_remove, name="evidence-remove"),
    path("programmes/<str:code>/files/", importing.import_list, name="import-list"),
    path("programmes/<str:code>/files/template/", importing.import_template, name="import-template"),
    path("programmes/<str:code>/files/<int:pk>/", importing.import_detail, name="import-detail"),
    path("programmes/<str:code>/files/<int:pk>/layout/", importing.import_layout, name="import-layout"),
    path("programmes/<str:code>/files/<int:pk>/table/", importing.import_table, name="import-table"),
    path("programmes/<str:code>/files/<int:pk>/words/", importing.import_words, name="import-words"),
    path("programmes/<str:code>/files/<int:pk>/columns/", importing.import_columns, name="import-columns"),
    path("programmes/<str:code>/files/<int:pk>/check/", importing.import_check, name="import-check"),
    path("programmes/<str:code>/files/<int:pk>/apply/", importing.import_apply, name="import-apply"),
    path("programmes/<str:code>/files/<int:pk>/discard/", importing.import_discard, name="import-discard"),
    path("programmes/<str:code>/files/<int:pk>/undo/", importing.import_undo, name="import-undo"),
    path(
        "programmes/<str:code>/files/<int:pk>/refused.csv",
        importing.import_problems,
        {"kind": "csv"},
        name="import-problems",
    ),
    path(
        "programmes/<str:code>/files/<int:pk>/refused.xlsx",
        importing.import_problems,
        {"kind": "xlsx"},
        name="import-problems-xlsx",
    ),
    path("evidence/<int:pk>/", views.evidence_download, name="evidence-download"),
]
