"""The borders of the method become rows: each change a new one, never edited (see `refuse_change` in 0002)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0002_append_only")]

    operations = [
        migrations.CreateModel(
            name="RuleSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(unique=True)),
                ("effective_on", models.DateField(verbose_name="valid from")),
                ("values", models.JSONField()),
                ("reason", models.TextField(verbose_name="reason")),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-number"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("reason", ""), _negated=True), name="rules_have_a_reason"
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON indicators_ruleset "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            "DROP TRIGGER kept_for_ever ON indicators_ruleset;",
        ),
    ]
