"""Addresses of this door."""

from django.urls import path

from indicators.documents import views

urlpatterns = [
    path("documents/", views.document_list, name="document-list"),
    path("documents/<int:pk>/file", views.document_file, name="document-file"),
    path("documents/<int:pk>/remove/", views.document_remove, name="document-remove"),
    path("documents/<str:kind>/<str:key>/", views.document_request, name="document-request"),
]
