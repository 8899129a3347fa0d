"""Which address of the machine door leads where."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from indicators.api import (
    comments,
    contributions,
    courses,
    documents,
    evaluations,
    exchange,
    explanations,
    imports,
    indices,
    profiles,
    rollups,
    views,
)

router = SimpleRouter()
router.register("catalogue", views.CatalogueViewSet, basename="api-catalogue")
router.register("programmes", views.ProgrammeViewSet, basename="api-programme")
router.register("indicators", views.IndicatorViewSet, basename="api-indicator")
router.register("observations", views.ObservationViewSet, basename="api-observation")
router.register("imports", imports.ImportViewSet, basename="api-import")
router.register("iati-imports", exchange.IatiImportViewSet, basename="api-iati-import")
router.register("expost-plans", views.ExPostPlanViewSet, basename="api-expost-plan")
router.register("assessments", views.AssessmentViewSet, basename="api-assessment")
router.register("verdicts", views.VerdictViewSet, basename="api-verdict")
router.register("indices", indices.IndexViewSet, basename="api-composite")
router.register("index-results", indices.IndexResultViewSet, basename="api-composite-result")
router.register(
    "contribution-ratings", contributions.ContributionRatingViewSet, basename="api-contribution-rating"
)
router.register("evaluations", evaluations.EvaluationViewSet, basename="api-evaluation")
router.register("findings", evaluations.FindingViewSet, basename="api-finding")
router.register("recommendations", evaluations.RecommendationViewSet, basename="api-recommendation")
router.register("responses", evaluations.ManagementResponseViewSet, basename="api-response")
router.register("decisions", evaluations.DecisionViewSet, basename="api-decision")
router.register("lessons", evaluations.LessonViewSet, basename="api-lesson")
router.register("documents", documents.DocumentViewSet, basename="api-document")
router.register("partner-profiles", profiles.ContextProfileViewSet, basename="api-partner-profile")
router.register("alerts", views.AlertViewSet, basename="api-alert")
router.register("comments", comments.CommentViewSet, basename="api-comment")
router.register("course-runs", courses.CourseRunViewSet, basename="api-course-run")

urlpatterns = [
    *router.urls,
    path("explanations/<str:kind>/<str:key>/", explanations.explanation, name="api-explanation"),
    path("rollups/", rollups.rollups, name="api-rollups"),
    path("comparison/", rollups.compared, name="api-comparison"),
]
