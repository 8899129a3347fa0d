from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0011_courses'),
    ]

    operations = [
        migrations.AddField(
            model_name='plannedindicator',
            name='outlook',
            field=models.JSONField(blank=True, editable=False, null=True),
        ),
    ]
