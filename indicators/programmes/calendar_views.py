"""The calendar of a programme: where each period stands, and the forms that reopen, lock and make exceptions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from indicators.models import EntryException, Programme
from indicators.permissions import check_may_administer, check_may_keep_calendar, may
from indicators.programmes import actions
from indicators.programmes.calendar import Outcome
from indicators.programmes.calendar_reading import load_calendar, years_and_frequencies
from indicators.programmes.changes import local_day
from indicators.programmes.doors import (
    GET_OR_POST,
    check_may_see_people,
    confirm_page,
    crumbs_of,
    form_page,
    posted,
    seen_programme,
    tabs_of,
)
from indicators.programmes.fields import attempt
from indicators.programmes.forms import ExceptionForm, LockForm, PeriodsForm, ReasonForm, ReopenForm

DEFAULT_DAYS = 14
"""What the forms offer as the last day."""


def _kept_programme(request: HttpRequest, code: str) -> Programme:
    """The programme; 404 for strangers, 403 for those who do not keep its calendar."""
    programme = seen_programme(request, code)
    check_may_keep_calendar(request.user, programme)  # type: ignore[arg-type]
    return programme


@require_safe
def programme_calendar(request: HttpRequest, code: str) -> HttpResponse:
    """Every period with its days, state, how complete it is, and what was decided about it. Not for partner viewers."""
    programme = seen_programme(request, code)
    check_may_see_people(request.user)
    years, frequencies = years_and_frequencies(programme)
    year = request.GET.get("year", "")
    chosen_year = next((one for one in years if str(one) == year), None)
    if chosen_year is None and year != "all":
        today = local_day(programme, timezone.now())
        chosen_year = next((one for one in years if one <= today.year), None)
    frequency = request.GET.get("frequency", "")
    if frequency not in {value for value, _label in frequencies}:
        frequency = ""
    lines = load_calendar(programme, at=timezone.now(), frequency=frequency, year=chosen_year)
    context = {
        "programme": programme,
        "lines": lines,
        "years": years,
        "year": chosen_year,
        "frequencies": frequencies,
        "frequency": frequency,
        "may_keep": may(check_may_keep_calendar, request.user, programme),
        "may_edit": may(check_may_administer, request.user),
        "tabs": tabs_of(programme, "programme-calendar", request.user),
        "crumbs": crumbs_of(programme),
    }
    return render(request, "programmes/programme_calendar.html", context)


@GET_OR_POST
def period_reopen(request: HttpRequest, code: str) -> HttpResponse:
    """Reopen the chosen periods until a day."""
    programme = _kept_programme(request, code)
    return _decide(
        request, programme, ReopenForm, actions.reopen_periods,
        title=_("Reopen periods"), submit_label=_("Reopen"), initial={"until": _default_day(programme)},
    )  # fmt: skip


@GET_OR_POST
def period_lock(request: HttpRequest, code: str) -> HttpResponse:
    """Lock the chosen periods now."""
    programme = _kept_programme(request, code)
    return _decide(
        request,
        programme,
        LockForm,
        actions.lock_periods,
        title=_("Lock periods now"),
        submit_label=_("Lock"),
    )


@GET_OR_POST
def exception_grant(request: HttpRequest, code: str) -> HttpResponse:
    """Keep the chosen periods open for one person."""
    programme = _kept_programme(request, code)
    return _decide(
        request, programme, ExceptionForm, actions.grant_exceptions,
        title=_("Make an exception for a person"), submit_label=_("Make the exception"),
        initial={"until": _default_day(programme)},
    )  # fmt: skip


@GET_OR_POST
def exception_revoke(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Take an exception back."""
    programme = _kept_programme(request, code)
    exceptions = EntryException.objects.filter(period__programme=programme).select_related(
        "user", "period__programme"
    )
    exception = get_object_or_404(exceptions, pk=pk)
    url = reverse("programme-calendar", args=[code])
    form = ReasonForm(posted(request))
    if request.method == "POST" and (
        attempt(form, actions.revoke_exception, exception=exception, by=request.user, at=timezone.now())
        is not False
    ):
        messages.success(request, _("The exception was taken back."))
        return redirect(url)
    return confirm_page(
        request,
        form,
        title=_("Take this exception back?"),
        text=f"{exception.user} · {exception.period}",
        confirm_label=_("Take it back"),
        danger=True,
        cancel_url=url,
    )


def _default_day(programme: Programme) -> Any:
    return local_day(programme, timezone.now()) + timedelta(days=DEFAULT_DAYS)


def _decide(
    request: HttpRequest,
    programme: Programme,
    shape: type[PeriodsForm],
    act: Any,
    *,
    title: str,
    **given: Any,
) -> HttpResponse:
    """The form about the periods that the address names; done, back to the calendar with what was done and not."""
    url = reverse("programme-calendar", args=[programme.code])
    asked = request.POST.getlist("periods") if request.method == "POST" else request.GET.getlist("period")
    form = shape(posted(request), programme=programme, asked=asked, initial=given.pop("initial", None))
    if request.method == "POST":
        outcome = attempt(form, act, programme=programme, by=request.user, at=timezone.now())
        if outcome is not False:
            _tell(request, outcome)
            return redirect(f"{url}?year=all" if len({one.ends_on.year for one in outcome.done}) > 1 else url)
    elif not form.fields["periods"].queryset.exists():  # type: ignore[attr-defined]
        messages.warning(request, _("No period was chosen; tick at least one."))
        return redirect(url)
    return form_page(
        request, form, title=title, crumbs=crumbs_of(programme, (_("Calendar"), url)), cancel_url=url, **given
    )


def _tell(request: HttpRequest, outcome: Outcome) -> None:
    n = len(outcome.done)
    if n:
        messages.success(request, ngettext("Done for %(n)s period.", "Done for %(n)s periods.", n) % {"n": n})
    for period, why in outcome.left[:20]:
        messages.warning(
            request, _("%(period)s stayed as it was: %(why)s") % {"period": period.label, "why": why}
        )
    if len(outcome.left) > 20:
        messages.warning(request, _("%(n)s more stayed as they were.") % {"n": len(outcome.left) - 20})
