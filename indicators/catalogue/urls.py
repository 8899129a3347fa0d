"""Addresses of this room."""

from django.urls import URLPattern, path

from indicators.catalogue import views

urlpatterns: list[URLPattern] = [
    path("library/", views.library_list, name="library-list"),
    path("library/<str:code>/", views.library_detail, name="library-detail"),
]
