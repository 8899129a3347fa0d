"""Addresses of this room."""

from django.urls import path

from indicators.assessment import alert_views, evaluation_views, plan_views, rating_views, views

urlpatterns = [
    path("alerts/<int:pk>/", alert_views.alert_detail, name="alert-detail"),
    path("assessments/", views.assessment_list, name="assessment-list"),
    path("assessments/due/<int:pk>/", views.due_progress, name="due-progress"),
    path("assessments/due/<int:pk>/retry/", views.due_retry, name="due-retry"),
    path("assessments/due/<int:pk>/cancel/", views.due_cancel, name="due-cancel"),
    path("assessments/<int:run_pk>/evaluate/", evaluation_views.evaluation_new, name="evaluation-new"),
    path("programmes/<str:code>/assess/", views.assessment_request, name="assessment-request"),
    path("programmes/<str:code>/schedule/", views.schedule_edit, name="schedule-edit"),
    path("programmes/<str:code>/ex-post-plan/", plan_views.expost_plan, name="expost-plan"),
    path("programmes/<str:code>/ex-post-plan/edit/", plan_views.expost_plan_edit, name="expost-plan-edit"),
    path("programmes/<str:code>/ex-post-plan/lock/", plan_views.expost_plan_lock, name="expost-plan-lock"),
    path(
        "programmes/<str:code>/ex-post-plan/indicators/<int:pk>/",
        plan_views.expost_plan_indicator,
        name="expost-plan-indicator",
    ),
    path(
        "programmes/<str:code>/ex-post-plan/indicators/<int:pk>/drop/",
        plan_views.expost_plan_drop,
        name="expost-plan-drop",
    ),
    *[
        path(
            f"programmes/<str:code>/indicators/<int:pk>/contribution/{end}", view, name=f"contribution-{name}"
        )
        for name, end, view in (
            ("detail", "", rating_views.contribution_detail),
            ("rate", "rate/", rating_views.contribution_rate),
            ("discard", "discard/", rating_views.contribution_discard),
            ("settle", "settle/", rating_views.contribution_settle),
            ("again", "again/", rating_views.contribution_again),
        )
    ],
    path("schedule/", views.admin_schedule, name="admin-schedule"),
    path("evaluations/<int:pk>/", evaluation_views.evaluation_detail, name="evaluation-detail"),
    path("evaluations/<int:pk>/edit/", evaluation_views.evaluation_edit, name="evaluation-edit"),
    path("evaluations/<int:pk>/findings/", evaluation_views.finding_new, name="finding-new"),
    path(
        "evaluations/<int:pk>/recommendations/",
        evaluation_views.recommendation_new,
        name="recommendation-new",
    ),
    path("findings/<int:pk>/remove/", evaluation_views.finding_remove, name="finding-remove"),
    path(
        "recommendations/<int:pk>/remove/",
        evaluation_views.recommendation_remove,
        name="recommendation-remove",
    ),
]
