"""What stands around every page: menu, product name, marking. Asks permissions; decides nothing."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, IntegerField, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from indicators.models import GlobalRole, Membership, Notice, Role, User

DEFAULT_MARKING = "NATO UNCLASSIFIED"
EVERYONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the menu: the name of its address, its word, its icon and who sees it."""

    url_name: str
    label: object
    icon: str
    roles: frozenset[str] = (
        EVERYONE  # one of these, held in any programme or everywhere; empty: whoever is signed in
    )


GROUPS: tuple[tuple[object, tuple[Item, ...]], ...] = (
    (
        _("My work"),
        (
            Item(
                url_name="due-list",
                label=_("Due from me"),
                icon="inbox",
                roles=frozenset({Role.OFFICER, Role.APPROVER}),
            ),
            Item(
                url_name="review-queue",
                label=_("Review queue"),
                icon="clipboard-check",
                roles=frozenset({Role.VALIDATOR, Role.APPROVER}),
            ),
            Item(url_name="notice-list", label=_("Notices"), icon="bell"),
        ),
    ),
    (
        _("Results"),
        (
            Item(url_name="portfolio", label=_("Portfolio"), icon="layout"),
            Item(url_name="region", label=_("Regions"), icon="globe"),
            Item(url_name="programme-list", label=_("Programmes"), icon="folder"),
            Item(url_name="assessment-list", label=_("Assessments"), icon="scale"),
            Item(url_name="evaluation-list", label=_("Evaluations"), icon="target"),
            Item(url_name="early-verdicts", label=_("Early verdicts"), icon="history"),
            Item(url_name="document-list", label=_("Documents"), icon="download"),
            Item(url_name="context-list", label=_("Context"), icon="chart"),
        ),
    ),
    (
        _("Reference"),
        (
            Item(url_name="search", label=_("Search"), icon="search"),
            Item(url_name="library-list", label=_("Indicator library"), icon="book"),
        ),
    ),
    (
        _("Administration"),
        (
            Item(
                url_name="admin-schedule",
                label=_("Assessment schedule"),
                icon="calendar",
                roles=frozenset({GlobalRole.ADMIN}),
            ),
            Item(url_name="rules-list", label=_("Rules"), icon="flag", roles=frozenset({GlobalRole.ADMIN})),
            Item(
                url_name="iati-import",
                label=_("Import IATI"),
                icon="upload",
                roles=frozenset({GlobalRole.ADMIN}),
            ),
            Item(
                url_name="event-list",
                label=_("Audit trail"),
                icon="clock",
                roles=frozenset(
                    {GlobalRole.ADMIN, GlobalRole.AUDITOR, Role.OFFICER, Role.APPROVER, Role.EVALUATOR}
                ),
            ),
            Item(
                url_name="people-list", label=_("People"), icon="users", roles=frozenset({GlobalRole.ADMIN})
            ),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, object]:
    """Context processor. The menu is built only if the page shows it, so that a part costs no query."""
    return {
        "product_name": getattr(settings, "PRODUCT_NAME", _("Cooperation Tracker")),
        "product_version": getattr(settings, "VERSION", ""),
        "default_marking": DEFAULT_MARKING,
        "nav_groups": SimpleLazyObject(lambda: menu_for(request)),
        "language_choices": settings.LANGUAGES,
    }


def menu_for(request: HttpRequest) -> list[dict[str, object]]:
    """Groups with at least one line that this person may open, the current line marked. One query."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return []
    roles, unread = _held_and_unread(user)
    held = {*roles, GlobalRole.ADMIN if user.is_admin else user.global_role}
    groups = []
    for label, items in GROUPS:
        lines = [line for item in items if (line := _line(item, request.path, held)) is not None]
        for line in lines:
            line["count"] = unread if line["icon"] == "bell" else 0
        if lines:
            groups.append({"label": label, "lines": lines})
    return groups


def _held_and_unread(user: User) -> tuple[list[str], int]:
    """The roles somebody holds now, and how many notices they have not read."""
    roles = Membership.objects.active().filter(user=user).values("role").distinct()
    unread = (
        Notice.objects.unread()
        .filter(person=user)
        .values("person")
        .annotate(count=Count("pk"))
        .values("count")
    )
    found: tuple[list[str], int] = (
        User.objects.filter(pk=user.pk)
        .annotate(
            held=ArraySubquery(roles),
            unread=Coalesce(Subquery(unread, output_field=IntegerField()), Value(0)),
        )
        .values_list("held", "unread")
        .get()
    )
    return found


def _line(item: Item, path: str, held: set[str]) -> dict[str, object] | None:
    if item.roles and not item.roles & held:
        return None
    try:
        url = reverse(item.url_name)
    except NoReverseMatch:
        return None
    here = path == url or (url != "/" and path.startswith(url))
    return {"label": item.label, "url": url, "icon": item.icon, "current": here}
