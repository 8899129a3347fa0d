"""Which address opens which page. Each room brings its own."""

from django.urls import include, path

from indicators.home import home

urlpatterns = [
    path("", home, name="home"),
    path("", include("indicators.entry.urls")),
    path("", include("indicators.programmes.urls")),
    path("", include("indicators.accounts.urls")),
    path("", include("indicators.assessment.urls")),
    path("", include("indicators.catalogue.urls")),
    path("", include("indicators.reports.urls")),
]
