import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0004_site_rules'),
    ]

    operations = [
        migrations.AddField(
            model_name='programmeindicator',
            name='formula',
            field=models.TextField(blank=True, editable=False, help_text='Empty: its figures are observed. Otherwise they are computed from other indicators.', verbose_name='formula'),
        ),
        migrations.CreateModel(
            name='FormulaSource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='formula_sources', to='indicators.programmeindicator')),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='formula_uses', to='indicators.programmeindicator')),
            ],
            options={
                'ordering': ['indicator_id', 'source_id'],
                'constraints': [models.UniqueConstraint(fields=('indicator', 'source'), name='formula_source_once'), models.CheckConstraint(condition=models.Q(('indicator', models.F('source')), _negated=True), name='formula_source_is_another')],
            },
        ),
    ]
