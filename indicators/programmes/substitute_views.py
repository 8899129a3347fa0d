"""The page on which somebody names who takes their place for a time."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from indicators.models import Membership
from indicators.programmes import actions
from indicators.programmes.doors import (
    GET_OR_POST,
    check_may_see_people,
    crumbs_of,
    form_page,
    posted,
    seen_programme,
)
from indicators.programmes.fields import attempt
from indicators.programmes.forms import SubstituteForm
from indicators.programmes.substituting import check_may_name_substitute


@GET_OR_POST
def substitute_new(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Name a substitute for a role of one's own; administrators for anybody's."""
    programme = seen_programme(request, code)
    check_may_see_people(request.user)
    rows = Membership.objects.visible_to(request.user).filter(programme=programme)  # type: ignore[arg-type]
    membership = get_object_or_404(rows.select_related("user", "programme"), pk=pk)
    check_may_name_substitute(request.user, membership)  # type: ignore[arg-type]
    url = reverse("member-list", args=[code])
    form = SubstituteForm(posted(request), but=membership.user)
    if request.method == "POST":
        named = attempt(
            form, actions.name_substitute, membership=membership, by=request.user, at=timezone.now()
        )
        if named:
            messages.success(
                request,
                _("%(who)s stands in for %(whom)s.") % {"who": named.user, "whom": membership.user},
            )
            return redirect(url)
    return form_page(
        request,
        form,
        title=_("Name a substitute for %(whom)s, %(role)s")
        % {"whom": membership.user, "role": membership.get_role_display()},
        text=_(
            "The substitute acts in their own name. Neither decides on figures that the other entered while the "
            "term runs, nor later on what was submitted during it."
        ),
        crumbs=crumbs_of(programme, (_("Members"), url)),
        cancel_url=url,
        submit_label=_("Name the substitute"),
    )
