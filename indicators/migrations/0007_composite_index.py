"""Composite indices: versions and their parts are never changed, nor what an assessment froze (see 0002)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0006_windows_and_calendars'),
    ]

    operations = [
        migrations.CreateModel(
            name='CompositeIndex',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='composites', to='indicators.programme')),
            ],
            options={
                'ordering': ['programme_id', 'name'],
            },
        ),
        migrations.CreateModel(
            name='IndexVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('purpose', models.TextField(verbose_name='what it is for')),
                ('across', models.CharField(choices=[('programme', 'The programme as a whole: one score'), ('partners', 'Each partner country: common core indicators, by progress'), ('units', 'Each reporting unit')], max_length=10, verbose_name='of whom it speaks')),
                ('aggregation', models.CharField(choices=[('geometric', 'Geometric: a strong part cannot hide a weak one'), ('arithmetic', 'Arithmetic: a strong part makes up for a weak one')], max_length=10, verbose_name='how the parts are joined')),
                ('reason', models.TextField(verbose_name='reason')),
                ('weights_reason', models.TextField(blank=True, verbose_name='why partners have weights of their own')),
                ('created_at', models.DateTimeField()),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('index', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='indicators.compositeindex')),
            ],
            options={
                'ordering': ['index_id', 'number'],
            },
        ),
        migrations.CreateModel(
            name='IndexResult',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120)),
                ('seed', models.BigIntegerField()),
                ('inputs', models.JSONField()),
                ('result', models.JSONField()),
                ('input_hash', models.CharField(max_length=64)),
                ('result_hash', models.CharField(max_length=64)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='index_results', to='indicators.assessmentrun')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='results', to='indicators.indexversion')),
            ],
            options={
                'ordering': ['run_id', 'name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='IndexComponent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reads', models.CharField(choices=[('level', 'Its value'), ('progress', 'Its progress towards the target')], max_length=8, verbose_name='what enters')),
                ('low', models.DecimalField(decimal_places=6, max_digits=24, verbose_name='lower end')),
                ('high', models.DecimalField(decimal_places=6, max_digits=24, verbose_name='upper end')),
                ('is_logarithmic', models.BooleanField(default=False, verbose_name='logarithmic scale')),
                ('weight', models.DecimalField(blank=True, decimal_places=6, max_digits=7, null=True, verbose_name='weight')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='composite_components', to='indicators.programmeindicator')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='components', to='indicators.indexversion')),
            ],
            options={
                'ordering': ['version_id', 'position', 'pk'],
            },
        ),
        migrations.AddField(
            model_name='compositeindex',
            name='current',
            field=models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='current_of', to='indicators.indexversion'),
        ),
        migrations.AddConstraint(
            model_name='indexversion',
            constraint=models.UniqueConstraint(fields=('index', 'number'), name='index_version_once'),
        ),
        migrations.AddConstraint(
            model_name='indexversion',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='index_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='indexversion',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', ''), _negated=True), name='index_has_a_purpose'),
        ),
        migrations.AddConstraint(
            model_name='indexversion',
            constraint=models.CheckConstraint(condition=models.Q(('across__in', ['programme', 'partners', 'units'])), name='index_across'),
        ),
        migrations.AddConstraint(
            model_name='indexversion',
            constraint=models.CheckConstraint(condition=models.Q(('aggregation__in', ['geometric', 'arithmetic'])), name='index_aggregation'),
        ),
        migrations.AddConstraint(
            model_name='indexresult',
            constraint=models.UniqueConstraint(fields=('run', 'version'), name='index_result_once'),
        ),
        migrations.AddConstraint(
            model_name='indexcomponent',
            constraint=models.UniqueConstraint(fields=('version', 'indicator'), name='index_component_once'),
        ),
        migrations.AddConstraint(
            model_name='indexcomponent',
            constraint=models.CheckConstraint(condition=models.Q(('high__gt', models.F('low'))), name='index_goalposts_in_order'),
        ),
        migrations.AddConstraint(
            model_name='indexcomponent',
            constraint=models.CheckConstraint(condition=models.Q(('is_logarithmic', False), ('low__gt', 0), _connector='OR'), name='index_log_above_zero'),
        ),
        migrations.AddConstraint(
            model_name='indexcomponent',
            constraint=models.CheckConstraint(condition=models.Q(('weight__isnull', True), models.Q(('weight__gt', 0), ('weight__lte', 1)), _connector='OR'), name='index_weight_is_a_share'),
        ),
        migrations.AddConstraint(
            model_name='indexcomponent',
            constraint=models.CheckConstraint(condition=models.Q(('reads__in', ['level', 'progress'])), name='index_reads'),
        ),
        migrations.AddConstraint(
            model_name='compositeindex',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('programme', 'name'), name='index_name_once', violation_error_message='This programme already has an index of this name.'),
        ),
        migrations.AddConstraint(
            model_name='compositeindex',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='index_has_a_name'),
        ),
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
                f"DROP TRIGGER kept_for_ever ON {table};",
            )
            for table in ("indicators_indexversion", "indicators_indexcomponent", "indicators_indexresult")
        ],
    ]
