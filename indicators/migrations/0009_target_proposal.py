"""Thresholds below the usual ones become proposals that a second person decides on."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0008_alert'),
    ]

    operations = [
        migrations.CreateModel(
            name='TargetProposal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('plan', models.JSONField()),
                ('milestones', models.JSONField(blank=True, default=list)),
                ('on_track_from', models.DecimalField(decimal_places=2, max_digits=4)),
                ('at_risk_from', models.DecimalField(decimal_places=2, max_digits=4)),
                ('effective_on', models.DateField(verbose_name='valid from')),
                ('reason_code', models.CharField(choices=[('first', 'First agreement'), ('context', 'Context changed'), ('scope', 'Scope changed'), ('baseline', 'Better baseline'), ('error', 'Error corrected'), ('evaluation', 'Evaluation decision')], max_length=12, verbose_name='reason')),
                ('reason', models.TextField(verbose_name='reason in words')),
                ('proposed_at', models.DateTimeField()),
                ('state', models.CharField(choices=[('pending', 'Waits for a second person'), ('approved', 'Approved'), ('declined', 'Declined')], default='pending', max_length=8)),
                ('decided_at', models.DateTimeField(blank=True, null=True)),
                ('comment', models.TextField(blank=True)),
                ('based_on', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.targetrevision')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='indicators.programmeindicator')),
                ('proposed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revision', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposal', to='indicators.targetrevision')),
            ],
            options={
                'ordering': ['-proposed_at', '-pk'],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'pending')), fields=('indicator',), name='proposal_one_pending'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='proposal_has_a_reason'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'pending')), models.Q(models.Q(('state', 'pending'), _negated=True), ('decided_at__isnull', False), ('decided_by__isnull', False)), _connector='OR'), name='proposal_decided_by_and_at'), models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='proposal_four_eyes', violation_error_message='Nobody approves thresholds that they proposed.'), models.CheckConstraint(condition=models.Q(models.Q(('revision__isnull', False), ('state', 'approved')), models.Q(models.Q(('state', 'approved'), _negated=True), ('revision__isnull', True)), _connector='OR'), name='proposal_became_a_revision')],
            },
        ),
    ]
