"""Files of observations on their way in. Staged rows are numbered from the observations' own sequence."""

import django.db.models.deletion
import indicators.models.imports
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0016_grid'),
    ]

    operations = [
        migrations.CreateModel(
            name='FileImport',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('file', models.FileField(blank=True, upload_to=indicators.models.imports.import_path)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveBigIntegerField()),
                ('at', models.DateTimeField()),
                ('language', models.CharField(default='en', max_length=8)),
                ('key', models.CharField(blank=True, max_length=80)),
                ('state', models.CharField(choices=[('reading', 'Being read'), ('mapping', 'Waits for you: columns'), ('checking', 'Being checked'), ('checked', 'Waits for you: result'), ('applying', 'Being taken over'), ('applied', 'Taken over'), ('undoing', 'Being undone'), ('undone', 'Undone'), ('failed', 'Cannot be read'), ('discarded', 'Thrown away')], default='reading', max_length=10)),
                ('layout', models.JSONField(null=True)),
                ('preview', models.JSONField(default=dict)),
                ('counts', models.JSONField(default=dict)),
                ('problem', models.TextField(blank=True)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
                ('undone_at', models.DateTimeField(blank=True, null=True)),
                ('owner', models.CharField(blank=True, max_length=80)),
                ('lease_until', models.DateTimeField(blank=True, null=True)),
                ('fence', models.PositiveIntegerField(default=0)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('progress_done', models.PositiveIntegerField(default=0)),
                ('progress_total', models.PositiveIntegerField(default=0)),
                ('applied_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='imports', to='indicators.programme')),
                ('undone_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-pk'],
            },
        ),
        migrations.CreateModel(
            name='ImportRow',
            fields=[
                ('observation_number', models.BigAutoField(primary_key=True, serialize=False)),
                ('row', models.IntegerField()),
                ('kind', models.CharField(choices=[('new', 'New'), ('changed', 'Changed'), ('corrected', 'Corrected'), ('same', 'Same'), ('problem', 'Refused')], max_length=9)),
                ('indicator_id', models.BigIntegerField(null=True)),
                ('period_id', models.BigIntegerField(null=True)),
                ('unit_id', models.BigIntegerField(null=True)),
                ('cell', models.CharField(default='', max_length=200)),
                ('numerator', models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ('denominator', models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ('value', models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ('text', models.TextField(default='')),
                ('missing_reason', models.CharField(default='', max_length=16)),
                ('standard_error', models.DecimalField(decimal_places=6, max_digits=24, null=True)),
                ('sample_size', models.IntegerField(null=True)),
                ('as_of', models.DateField(null=True)),
                ('reliability', models.CharField(default='', max_length=1)),
                ('credibility', models.SmallIntegerField(null=True)),
                ('marking', models.CharField(default='', max_length=20)),
                ('comment', models.TextField(default='')),
                ('given', models.IntegerField(default=0)),
                ('reason', models.TextField(default='')),
                ('existing_id', models.BigIntegerField(null=True)),
                ('existing_version', models.IntegerField(null=True)),
                ('before', models.JSONField(null=True)),
                ('problems', models.JSONField(null=True)),
                ('source', models.JSONField(null=True)),
                ('file_import', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='rows', to='indicators.fileimport')),
            ],
            options={
                'ordering': ['file_import_id', 'row', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ImportTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('column', 'Column'), ('indicator', 'Indicator'), ('unit', 'Unit'), ('period', 'Period'), ('cell', 'Breakdown')], max_length=9)),
                ('theirs', models.CharField(max_length=200)),
                ('ours', models.CharField(blank=True, max_length=200)),
                ('at', models.DateTimeField()),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='import_terms', to='indicators.programme')),
            ],
            options={
                'ordering': ['programme_id', 'kind', 'theirs'],
            },
        ),
        migrations.AddIndex(
            model_name='fileimport',
            index=models.Index(condition=models.Q(('state__in', ['reading', 'checking', 'applying', 'undoing'])), fields=['id'], name='import_claim'),
        ),
        migrations.AddConstraint(
            model_name='fileimport',
            constraint=models.UniqueConstraint(condition=models.Q(('key', ''), _negated=True), fields=('by', 'key'), name='import_key_once'),
        ),
        migrations.AddConstraint(
            model_name='fileimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('applied_at__isnull', True), ('applied_by__isnull', True)), models.Q(('applied_at__isnull', False), ('applied_by__isnull', False)), _connector='OR'), name='import_applied_by_and_at'),
        ),
        migrations.AddConstraint(
            model_name='fileimport',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('undone_at__isnull', True), ('undone_by__isnull', True)), models.Q(('undone_at__isnull', False), ('undone_by__isnull', False)), _connector='OR'), name='import_undone_by_and_at'),
        ),
        migrations.AddConstraint(
            model_name='fileimport',
            constraint=models.CheckConstraint(condition=models.Q(('sha256__regex', '^[0-9a-f]{64}$')), name='import_sha256'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(fields=['file_import', 'row'], name='import_rows'),
        ),
        migrations.AddIndex(
            model_name='importrow',
            index=models.Index(condition=models.Q(('kind', 'problem')), fields=['file_import', 'row'], name='import_problems'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'problem'), _negated=True), ('problems__isnull', False), _connector='OR'), name='import_row_problem_says_what'),
        ),
        migrations.AddConstraint(
            model_name='importrow',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['changed', 'corrected']), _negated=True), ('existing_id__isnull', False), _connector='OR'), name='import_row_replaces_something'),
        ),
        migrations.AddConstraint(
            model_name='importterm',
            constraint=models.UniqueConstraint(fields=('programme', 'kind', 'theirs'), name='import_term_once'),
        ),
        migrations.AddConstraint(
            model_name='importterm',
            constraint=models.CheckConstraint(condition=models.Q(('theirs', ''), _negated=True), name='import_term_is_a_word'),
        ),
        migrations.RunSQL(
            "ALTER TABLE indicators_importrow SET UNLOGGED;"
            "ALTER TABLE indicators_importrow ALTER observation_number DROP IDENTITY;"
            "ALTER TABLE indicators_importrow ALTER observation_number"
            " SET DEFAULT nextval('indicators_observation_id_seq');",
            migrations.RunSQL.noop,
        ),
    ]
