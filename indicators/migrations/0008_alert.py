"""Signals of change become rows that ask for their cause; none is ever removed (see `refuse_change` in 0002)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("indicators", "0007_composite_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "rule",
                    models.CharField(
                        choices=[
                            ("outside", "Beyond a control limit"),
                            ("one_side", "A row on one side of the mean"),
                            ("trend", "A row in one direction"),
                        ],
                        max_length=10,
                        verbose_name="rule",
                    ),
                ),
                ("is_high", models.BooleanField()),
                ("first_on", models.DateField(help_text="First day of the first period.")),
                ("last_on", models.DateField(help_text="Last day of the last period.")),
                ("points", models.PositiveIntegerField(verbose_name="points")),
                ("text", models.JSONField()),
                ("method", models.CharField(max_length=40, verbose_name="chart")),
                ("opened_at", models.DateTimeField(verbose_name="opened at")),
                ("cause", models.TextField(blank=True, verbose_name="cause")),
                ("action", models.TextField(blank=True, verbose_name="what is done about it")),
                ("closed_at", models.DateTimeField(null=True)),
                ("lapsed_at", models.DateTimeField(null=True)),
                (
                    "closed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "indicator",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="alerts",
                        to="indicators.programmeindicator",
                    ),
                ),
            ],
            options={
                "ordering": ["-opened_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at", None), ("lapsed_at", None)),
                        fields=["indicator"],
                        name="alert_open",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("indicator", "rule", "is_high", "first_on"), name="alert_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_on__gte", models.F("first_on"))), name="alert_days_in_order"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("action", ""),
                                ("cause", ""),
                                ("closed_at__isnull", True),
                                ("closed_by__isnull", True),
                            ),
                            models.Q(
                                ("closed_at__isnull", False),
                                ("closed_by__isnull", False),
                                models.Q(("cause", ""), _negated=True),
                                models.Q(("action", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="alert_closed_with_words",
                        violation_error_message="An alert is closed with its cause and what is done about it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("closed_at__isnull", True), ("lapsed_at__isnull", True), _connector="OR"
                        ),
                        name="alert_closed_or_lapsed",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER kept_for_ever BEFORE DELETE ON indicators_alert "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            "DROP TRIGGER kept_for_ever ON indicators_alert;",
        ),
    ]
