"""Which address of the machine door leads where."""

from rest_framework.routers import SimpleRouter

from indicators.api import courses, views

router = SimpleRouter()
router.register("catalogue", views.CatalogueViewSet, basename="api-catalogue")
router.register("programmes", views.ProgrammeViewSet, basename="api-programme")
router.register("indicators", views.IndicatorViewSet, basename="api-indicator")
router.register("observations", views.ObservationViewSet, basename="api-observation")
router.register("assessments", views.AssessmentViewSet, basename="api-assessment")
router.register("verdicts", views.VerdictViewSet, basename="api-verdict")
router.register("evaluations", views.EvaluationViewSet, basename="api-evaluation")
router.register("course-runs", courses.CourseRunViewSet, basename="api-course-run")

urlpatterns = router.urls
