"""Addresses of this room."""

from django.urls import path

from indicators.reports import overview_views, trail, views, what_if_views

urlpatterns = [
    path("portfolio/", overview_views.portfolio, name="portfolio"),
    path("portfolio/<str:part>/", overview_views.portfolio_part, name="portfolio-part"),
    path("region/", overview_views.region_page, name="region"),
    path("region/brief/", overview_views.brief_page, name="brief"),
    path("search/", views.search_page, name="search"),
    path("sameness/", views.sameness_page, name="sameness"),
    path("compare/", views.comparison_page, name="comparison"),
    path("programmes/<str:code>/", views.programme_detail, name="programme-detail"),
    path("programmes/<str:code>/indicators/<int:pk>/", views.indicator_detail, name="indicator-detail"),
    path(
        "programmes/<str:code>/indicators/<int:pk>/parts/<slug:part>/",
        views.indicator_part,
        name="indicator-part",
    ),
    path("programmes/<str:code>/crosstab/", views.programme_crosstab, name="crosstab"),
    path(
        "programmes/<str:code>/indicators/<int:pk>/crosstab/",
        views.indicator_crosstab,
        name="crosstab-indicator",
    ),
    path("programmes/<str:code>/indices/<int:pk>/", views.composite_detail, name="composite-detail"),
    path("early-verdicts/", views.early_verdicts, name="early-verdicts"),
    path("programmes/<str:code>/early-verdicts/", views.early_verdicts, name="programme-early-verdicts"),
    path("programmes/<str:code>/courses/results/", views.course_results, name="course-results"),
    path("programmes/<str:code>/runs/<int:pk>/results/", views.run_results, name="run-results"),
    path("assessments/<int:pk>/", views.assessment_detail, name="assessment-detail"),
    path("assessments/<int:pk>/what-if/", what_if_views.what_if_assessment, name="what-if"),
    path("programmes/<str:code>/what-if/", what_if_views.what_if_programme, name="programme-what-if"),
    path("decisions/<int:pk>/", views.decision_detail, name="decision-detail"),
    path("context/", views.context_list, name="context-list"),
    path("context/<str:code>/", views.context_detail, name="context-detail"),
    path("events/", trail.event_list, name="event-list"),
    path("explain/<str:kind>/<str:key>/", views.explanation, name="explanation"),
    path("export/<str:table>/<str:key>.<str:form>", views.export, name="export"),
]
