"""The application with one address more: the floor that its pages are measured against."""

from django.conf import settings

from tracker.wsgi import application

__all__ = ["application"]

settings.ROOT_URLCONF = "tests.bench.bare_urls"
