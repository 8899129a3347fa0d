"""Which address opens which page. Each room brings its own."""

from django.urls import include, path

from indicators.home import home
from indicators.styleguide import styleguide

urlpatterns = [
    path("", home, name="home"),
    path("styleguide/", styleguide, name="styleguide"),
    path("", include("indicators.entry.urls")),
    path("", include("indicators.programmes.urls")),
    path("", include("indicators.accounts.urls")),
    path("", include("indicators.assessment.urls")),
    path("", include("indicators.comments.urls")),
    path("", include("indicators.catalogue.urls")),
    path("", include("indicators.exchange.urls")),  # before the reports: context/load/ is no series
    path("", include("indicators.documents.urls")),
    path("", include("indicators.reports.urls")),
]
