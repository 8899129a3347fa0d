"""The floor of a page: the same server, middleware and sign-in, and a view that reads one row and answers with it."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe

from indicators.models import Programme
from tracker import urls
from tracker.urls import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500"]


@require_safe
def one_row(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Programme.objects.order_by("pk").values_list("name", flat=True)[:1][0])


urlpatterns = [path("bare/", one_row), *urls.urlpatterns]
