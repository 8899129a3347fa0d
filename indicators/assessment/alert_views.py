"""The page of an alert: what was noticed, and the words that close it. Finds, calls one action, shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from indicators.alerts import close_alert
from indicators.assessment.forms import AlertForm
from indicators.assessment.views import add_errors
from indicators.models import Alert, GlobalRole
from indicators.permissions import check_may_explain, why_not
from indicators.templatetags.ui import with_days


@require_http_methods(["GET", "POST"])
def alert_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A signal that asks for its cause. Whoever sees its indicator reads it; officers and approvers close it."""
    user: Any = request.user
    alerts = Alert.objects.visible_to(user).select_related(
        "indicator__programme", "indicator__definition", "indicator__version", "closed_by"
    )
    alert = get_object_or_404(alerts, pk=pk)
    if request.method == "POST":
        check_may_explain(user, alert)
    reason = why_not(check_may_explain, user, alert) if alert.is_open else ""
    form = AlertForm(request.POST or None) if alert.is_open and not reason else None
    if request.method == "POST" and form is not None and form.is_valid():
        try:
            close_alert(alert=alert, by=user, at=timezone.now(), **form.cleaned_data)
        except ValidationError as refusal:
            add_errors(form, refusal)
        else:
            messages.success(request, _("Stored. The alert is closed."))
            return redirect(alert.indicator)
    context = {
        "alert": alert,
        "indicator": alert.indicator,
        "text": with_days(_(alert.text["template"]) % alert.text["params"]),
        "form": form,
        "why_not": reason,
        "shows_words": user.global_role != GlobalRole.PARTNER_VIEWER,
        "marking": alert.indicator.marking,
    }
    return render(request, "assessment/alert_detail.html", context)
