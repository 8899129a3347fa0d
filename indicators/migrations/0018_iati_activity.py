import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0017_imports")]

    operations = [
        migrations.CreateModel(
            name="IatiActivity",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identifier", models.CharField(max_length=200, unique=True, verbose_name="IATI identifier")),
                (
                    "organisation",
                    models.CharField(blank=True, max_length=120, verbose_name="reporting organisation"),
                ),
                ("linked_at", models.DateTimeField()),
                (
                    "linked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="iati_activities",
                        to="indicators.programme",
                    ),
                ),
            ],
            options={"verbose_name_plural": "IATI activities", "ordering": ["identifier"]},
        ),
    ]
