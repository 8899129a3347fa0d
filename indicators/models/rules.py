"""The borders of the method, as administrators have set them: each change is a new row, in force from a day."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from indicators.engine.rules import METHOD_RULES, Rules, rules_of
from indicators.models.people import User


class RuleSetQuerySet(models.QuerySet["RuleSet"]):
    def visible_to(self, user: User) -> RuleSetQuerySet:
        """Rules are no secret: whoever is signed in may know by which borders is judged."""
        return self if user.is_authenticated else self.none()

    def in_force(self, on: date) -> RuleSet | None:
        """The newest of those that have come into force by a day; None: METHOD's own values. One query."""
        return self.filter(effective_on__lte=on).order_by("-effective_on", "-number").first()


class RuleSet(models.Model):
    """All borders at once, valid from a day until the next set. Never changed: a trigger refuses it."""

    number = models.PositiveIntegerField(unique=True)
    effective_on = models.DateField(_("valid from"))
    values = models.JSONField()
    """Every rule by its name as decimal text; a rule that is not there has METHOD's value."""
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = RuleSetQuerySet.as_manager()

    class Meta:
        ordering = ["-number"]
        constraints = [models.CheckConstraint(name="rules_have_a_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.number}: {self.effective_on}"

    def as_rules(self) -> Rules:
        """The engine's form; EngineError when somebody stored what may not be."""
        return rules_of(self.values)


def rules_on(day: date) -> Rules:
    """The borders in force on a day. One query."""
    found = RuleSet.objects.in_force(day)
    return METHOD_RULES if found is None else found.as_rules()
