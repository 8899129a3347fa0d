import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


def only(*given):
    return Q(
        **{f"{name}__isnull": name not in given for name in ("indicator", "unit", "release", "country", "run")}
    )


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
        migrations.RemoveConstraint(model_name='plannedcomparison', name='comparison_once'),
        migrations.RemoveConstraint(model_name='plannedcomparison', name='comparison_is_one_thing'),
        migrations.AddField(
            model_name='plannedcomparison',
            name='run',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.courserun'),
        ),
        migrations.AddConstraint(
            model_name='plannedcomparison',
            constraint=models.UniqueConstraint(
                fields=['item', 'indicator', 'unit', 'release', 'country', 'run'],
                name='comparison_once',
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name='plannedcomparison',
            constraint=models.CheckConstraint(
                condition=only('indicator') | only('unit') | only('release', 'country') | only('run'),
                name='comparison_is_one_thing',
            ),
        ),
    ]
