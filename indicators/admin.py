"""The back office: reference data may be edited, all else is there to be read. Every edit is in the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from indicators import events, models

admin.site.site_header = admin.site.site_title = _("Back office")


class ReadOnly(admin.ModelAdmin):
    """For administrators to look at; the pages and their actions do the changing."""

    list_per_page = 50
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_authenticated and request.user.is_active and request.user.is_admin

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Reference(ReadOnly):
    """Reference data: added and changed here, never deleted, each change with an event."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = {name: str(form.initial.get(name)) for name in form.changed_data} if change else None
        super().save_model(request, obj, form, change)
        events.remember(
            "changed reference data" if change else "added reference data",
            by=request.user,
            at=timezone.now(),
            about=obj,
            before=before,
            after={name: str(form.cleaned_data.get(name)) for name in form.changed_data},
        )


@admin.register(models.Partner)
class PartnerAdmin(Reference):
    list_display = ("code", "name", "framework")
    list_filter = ("framework",)
    search_fields = ("code", "alpha2", "name")


@admin.register(models.Organisation)
class OrganisationAdmin(Reference):
    list_display = ("code", "name", "kind", "partner")
    list_select_related = ("partner",)
    search_fields = ("code", "name")


@admin.register(models.IndicatorDefinition)
class IndicatorDefinitionAdmin(ReadOnly):
    list_display = ("code", "family", "current")
    list_select_related = ("current__definition_of",)
    search_fields = ("code",)


@admin.register(models.IndicatorVersion)
class IndicatorVersionAdmin(ReadOnly):
    list_display = ("definition_of", "number", "name", "value_type", "direction")
    list_select_related = ("definition_of",)
    search_fields = ("name", "definition_of__code")


@admin.register(models.ContextSeries)
class ContextSeriesAdmin(ReadOnly):
    list_display = ("code", "name", "publisher", "licence")


@admin.register(models.ContextRelease)
class ContextReleaseAdmin(ReadOnly):
    list_display = ("series", "vintage", "retrieved_on")
    list_select_related = ("series",)


@admin.register(models.Programme)
class ProgrammeAdmin(ReadOnly):
    list_display = ("code", "name", "framework", "starts_on", "ends_on")
    search_fields = ("code", "name")


@admin.register(models.User)
class UserAdmin(ReadOnly):
    """Without the password hash, which nobody needs to see."""

    list_display = (
        "username",
        "first_name",
        "last_name",
        "global_role",
        "partner",
        "is_active",
        "last_login",
    )
    list_select_related = ("partner",)
    search_fields = ("username", "first_name", "last_name")
    fields = (
        "username",
        "first_name",
        "last_name",
        "email",
        "global_role",
        "partner",
        "is_active",
        "date_joined",
        "last_login",
    )


@admin.register(models.Membership)
class MembershipAdmin(ReadOnly):
    list_display = ("user", "programme", "role", "starts_on", "ends_on")
    list_select_related = ("user", "programme")


@admin.register(models.AssessmentSchedule)
class AssessmentScheduleAdmin(ReadOnly):
    list_display = ("programme", "frequency", "days_after_period", "is_active")
    list_select_related = ("programme",)


@admin.register(models.Event)
class EventAdmin(ReadOnly):
    list_display = ("at", "by_name", "verb", "about_type", "about_name")
    search_fields = ("by_name", "verb", "about_name")
    list_filter = ("about_type",)


admin.site.unregister(Group)
