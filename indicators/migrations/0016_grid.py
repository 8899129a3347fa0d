"""A flag to look at a figure again, and what was answered to figures sent together."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0015_notices")]

    operations = [
        migrations.AddField(
            model_name="observation", name="follow_up", field=models.BooleanField(default=False)
        ),
        migrations.AlterField(
            model_name="observation",
            name="source",
            field=models.CharField(
                default="form", help_text="form, grid, api, import, course, demo", max_length=12
            ),
        ),
        migrations.CreateModel(
            name="SentBatch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=80)),
                ("content_hash", models.CharField(max_length=64)),
                ("answer", models.JSONField(default=dict)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["at"], name="batch_at")],
                "constraints": [
                    models.UniqueConstraint(fields=("by", "key"), name="batch_once_per_person")
                ],
            },
        ),
    ]
