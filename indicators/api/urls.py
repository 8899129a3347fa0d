"""Which address of the machine door leads where."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
