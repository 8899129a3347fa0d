"""Where a person lands after signing in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from indicators.models import Membership, Role


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Send each person to their main job: what is due from officers, what waits for approvers, else the results."""
    held = set(Membership.objects.active().filter(user=request.user).values_list("role", flat=True))
    if Role.OFFICER in held:
        return redirect("due-list")
    if held & {Role.VALIDATOR, Role.APPROVER}:
        return redirect("review-queue")
    return redirect("portfolio")
