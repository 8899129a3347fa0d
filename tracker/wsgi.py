"""The web server's way in: `gunicorn tracker.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

import tracker.celery  # noqa: F401  binds every `shared_task` to our broker before a request can queue one

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tracker.settings")

application = get_wsgi_application()
