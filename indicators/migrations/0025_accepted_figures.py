from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("indicators", "0024_context_profile")]

    operations = [
        migrations.AddIndex(
            model_name="observation",
            index=models.Index(
                name="observation_accepted",
                fields=["indicator", "decided_at"],
                condition=models.Q(state="approved"),
            ),
        ),
    ]
