"""Addresses of this room."""

from django.urls import path

from indicators.assessment import (
    adjusting_views,
    alert_views,
    evaluation_views,
    plan_views,
    rating_views,
    views,
    writing_views,
)

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
    path("evaluations/", evaluation_views.evaluation_list, name="evaluation-list"),
    path("programmes/<str:code>/evaluations/new/", evaluation_views.evaluation_plan, name="evaluation-plan"),
    path("evaluations/<int:pk>/", evaluation_views.evaluation_detail, name="evaluation-detail"),
    path("evaluations/<int:pk>/begin/", evaluation_views.evaluation_begin, name="evaluation-begin"),
    path("evaluations/<int:pk>/edit/", evaluation_views.evaluation_edit, name="evaluation-edit"),
    path("evaluations/<int:pk>/move/<str:to>/", evaluation_views.evaluation_move, name="evaluation-move"),
    path("evaluations/<int:pk>/release/", evaluation_views.evaluation_release, name="evaluation-release"),
    path("evaluations/<int:pk>/facts-checked/", evaluation_views.fact_check_finish, name="fact-check-finish"),
    path("evaluations/<int:pk>/ratings/", writing_views.ratings_edit, name="ratings-edit"),
    path("evaluations/<int:pk>/findings/", writing_views.finding_new, name="finding-new"),
    path("findings/<int:pk>/edit/", writing_views.finding_edit, name="finding-edit"),
    path("findings/<int:pk>/remove/", writing_views.finding_remove, name="finding-remove"),
    path("findings/<int:pk>/comment/", writing_views.fact_comment, name="fact-comment"),
    path("fact-comments/<int:pk>/answer/", writing_views.fact_answer, name="fact-answer"),
    path(
        "evaluations/<int:pk>/recommendations/", writing_views.recommendation_new, name="recommendation-new"
    ),
    path("recommendations/", adjusting_views.recommendation_list, name="recommendation-list"),
    path("recommendations/<int:pk>/edit/", writing_views.recommendation_edit, name="recommendation-edit"),
    path(
        "recommendations/<int:pk>/remove/", writing_views.recommendation_remove, name="recommendation-remove"
    ),
    path("recommendations/<int:pk>/respond/", adjusting_views.response_new, name="response-new"),
    path("recommendations/<int:pk>/action/", adjusting_views.action_report, name="action-report"),
    path("evaluations/<int:pk>/lessons/", writing_views.lesson_new, name="lesson-new"),
    path("lessons/", adjusting_views.lesson_list, name="lesson-list"),
    path("lessons/<int:pk>/edit/", writing_views.lesson_edit, name="lesson-edit"),
    path("lessons/<int:pk>/remove/", writing_views.lesson_remove, name="lesson-remove"),
    path("lessons/<int:pk>/move/<str:to>/", adjusting_views.lesson_move, name="lesson-move"),
    path("programmes/<str:code>/decisions/new/", adjusting_views.decision_new, name="decision-new"),
]
