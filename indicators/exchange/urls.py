"""Addresses of this door."""

from django.urls import path

from indicators.exchange import views

urlpatterns = [
    path("import/iati/", views.iati_import, name="iati-import"),
    path("programmes/<str:code>/export.iati.xml", views.programme_iati, name="programme-iati"),
    path("context/load/", views.context_load, name="context-load"),
]
