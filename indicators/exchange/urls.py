"""Addresses of this door."""

from django.urls import path

from indicators.exchange import views

urlpatterns = [
    path("import/iati/", views.iati_import, name="iati-import"),
    path("import/iati/<int:pk>/", views.iati_import_detail, name="iati-import-detail"),
    path("import/iati/<int:pk>/check/", views.iati_import_check, name="iati-import-check"),
    path("import/iati/<int:pk>/apply/", views.iati_import_apply, name="iati-import-apply"),
    path("import/iati/<int:pk>/discard/", views.iati_import_discard, name="iati-import-discard"),
    path("programmes/<str:code>/export.iati.xml", views.programme_iati, name="programme-iati"),
    path("context/load/", views.context_load, name="context-load"),
]
