"""Which address leads to which door."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from tracker import health

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # one login, one second factor

handler400 = "tracker.security.bad_request"
handler403 = "tracker.security.forbidden"
handler404 = "tracker.security.not_found"
handler500 = "tracker.security.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/v1/", include("indicators.api.urls")),
    path(settings.ADMIN_PATH, admin.site.urls),
    path("", include("indicators.urls")),
]
