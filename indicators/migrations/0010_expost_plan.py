import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

PLAN = """
CREATE FUNCTION keep_locked_plan() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state = 'locked' THEN
        RAISE EXCEPTION 'ex-post plan % is locked: a change is a new version (tried: %)', OLD.id, TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER locked_plan_is_kept BEFORE UPDATE OR DELETE ON indicators_expostplan
    FOR EACH ROW EXECUTE FUNCTION keep_locked_plan();
"""
ITEM = """
CREATE FUNCTION keep_locked_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM indicators_expostplan plan WHERE plan.state = 'locked' AND plan.id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.plan_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.plan_id END
        )
    ) THEN
        RAISE EXCEPTION 'the ex-post plan is locked: its indicators stay as they are (tried: %)', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER locked_item_is_kept BEFORE INSERT OR UPDATE OR DELETE ON indicators_plannedindicator
    FOR EACH ROW EXECUTE FUNCTION keep_locked_item();
"""
COMPARISON = """
CREATE FUNCTION keep_locked_comparison() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM indicators_plannedindicator item JOIN indicators_expostplan plan ON plan.id = item.plan_id
        WHERE plan.state = 'locked' AND item.id IN (
            CASE WHEN TG_OP <> 'INSERT' THEN OLD.item_id END, CASE WHEN TG_OP <> 'DELETE' THEN NEW.item_id END
        )
    ) THEN
        RAISE EXCEPTION 'the ex-post plan is locked: its comparisons stay as they are (tried: %)', TG_OP
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER locked_comparison_is_kept BEFORE INSERT OR UPDATE OR DELETE ON indicators_plannedcomparison
    FOR EACH ROW EXECUTE FUNCTION keep_locked_comparison();
"""
TRIGGERS = (
    (PLAN, "indicators_expostplan", "locked_plan_is_kept", "keep_locked_plan"),
    (ITEM, "indicators_plannedindicator", "locked_item_is_kept", "keep_locked_item"),
    (COMPARISON, "indicators_plannedcomparison", "locked_comparison_is_kept", "keep_locked_comparison"),
)


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0009_target_proposal'),
    ]

    operations = [
        migrations.AddField(
            model_name='dueassessment',
            name='stopped_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AlterField(
            model_name='dueassessment',
            name='state',
            field=models.CharField(choices=[('due', 'Due'), ('leased', 'Running'), ('done', 'Done'), ('dead', 'Failed'), ('stopped', 'Cancelled')], default='due', max_length=8),
        ),
        migrations.CreateModel(
            name='ExPostPlan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('part', models.CharField(blank=True, help_text='e.g. “Phase 2”; empty: the whole programme.', max_length=120, verbose_name='part of the programme')),
                ('starts_on', models.DateField(verbose_name='starts on')),
                ('ends_on', models.DateField(verbose_name='ends on')),
                ('question', models.TextField(help_text='What should be known afterwards? One or two sentences.', verbose_name='question')),
                ('follow_up_months', models.JSONField(default=list, help_text='0, 6, 12 and 24 are usual.', verbose_name='measured again, in months after the end')),
                ('collects', models.CharField(help_text='An office, not a person.', max_length=200, verbose_name='who collects the figures')),
                ('reason', models.TextField(blank=True, verbose_name='reason for this version')),
                ('state', models.CharField(choices=[('draft', 'Draft'), ('locked', 'Locked')], default='draft', max_length=8)),
                ('row_version', models.PositiveIntegerField(default=1)),
                ('drafted_at', models.DateTimeField()),
                ('locked_at', models.DateTimeField(blank=True, null=True)),
                ('locked_on', models.DateField(blank=True, null=True)),
                ('timely_until', models.DateField(blank=True, null=True)),
                ('content_hash', models.CharField(blank=True, max_length=64)),
                ('drafted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('locked_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='expost_plans', to='indicators.programme')),
            ],
            options={
                'ordering': ['programme_id', '-number'],
            },
        ),
        migrations.CreateModel(
            name='PlannedIndicator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('method', models.CharField(choices=[('paired_gain', 'Learning gain of the same participants'), ('paired_gain_with_comparison', 'Learning gain against a comparison group'), ('participant_retention', 'Share of the gain that participants keep'), ('series_retention', 'Share of the change that is still there'), ('share_kept', 'Share of things kept'), ('difference_in_differences', 'Difference in differences'), ('comparative_interrupted_series', 'Interrupted series with a comparison series'), ('synthetic_control', 'Synthetic control'), ('interrupted_series', 'Interrupted time series'), ('interrupted_counts', 'Interrupted series of counts'), ('paired_proportions', 'Proportions of the same people or sites'), ('proportions_before_after', 'Proportions before and after'), ('rates_before_after', 'Rates before and after'), ('means_before_after', 'Means before and after'), ('counterfactual_trend', 'Earlier trend carried on'), ('ordinal_maturity', 'Maturity levels of functions'), ('difference_only', 'Difference only, no test'), ('contribution_rating', 'Contribution rating by evaluators')], max_length=40, verbose_name='method')),
                ('proposed', models.CharField(choices=[('paired_gain', 'Learning gain of the same participants'), ('paired_gain_with_comparison', 'Learning gain against a comparison group'), ('participant_retention', 'Share of the gain that participants keep'), ('series_retention', 'Share of the change that is still there'), ('share_kept', 'Share of things kept'), ('difference_in_differences', 'Difference in differences'), ('comparative_interrupted_series', 'Interrupted series with a comparison series'), ('synthetic_control', 'Synthetic control'), ('interrupted_series', 'Interrupted time series'), ('interrupted_counts', 'Interrupted series of counts'), ('paired_proportions', 'Proportions of the same people or sites'), ('proportions_before_after', 'Proportions before and after'), ('rates_before_after', 'Rates before and after'), ('means_before_after', 'Means before and after'), ('counterfactual_trend', 'Earlier trend carried on'), ('ordinal_maturity', 'Maturity levels of functions'), ('difference_only', 'Difference only, no test'), ('contribution_rating', 'Contribution rating by evaluators')], max_length=40)),
                ('method_reason', models.TextField(blank=True, verbose_name='why not the proposed method')),
                ('smallest_change', models.DecimalField(decimal_places=6, help_text="In the indicator's unit.", max_digits=24, verbose_name='smallest change that matters')),
                ('transition_from', models.DateField(blank=True, null=True, verbose_name='change expected from')),
                ('transition_until', models.DateField(blank=True, null=True, verbose_name='in transition until')),
                ('horizon_months', models.PositiveSmallIntegerField(default=12, verbose_name='effect after, in months')),
                ('indicator', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.programmeindicator', verbose_name='indicator')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='indicators.expostplan')),
            ],
            options={
                'ordering': ['plan_id', 'position'],
            },
        ),
        migrations.CreateModel(
            name='PlannedComparison',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('country', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.partner')),
                ('indicator', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.programmeindicator')),
                ('release', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.contextrelease')),
                ('unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='indicators.reportingunit')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comparisons', to='indicators.plannedindicator')),
            ],
            options={
                'ordering': ['item_id', 'pk'],
            },
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.UniqueConstraint(fields=('programme', 'number'), name='expost_plan_number_once'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.UniqueConstraint(condition=models.Q(('state', 'draft')), fields=('programme',), name='expost_plan_one_draft'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__gt', models.F('starts_on'))), name='expost_plan_ends_after_it_starts', violation_error_message='The part must end after it starts.'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('question', ''), _negated=True), models.Q(('collects', ''), _negated=True)), name='expost_plan_asks'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.CheckConstraint(condition=models.Q(('number', 1), models.Q(('reason', ''), _negated=True), _connector='OR'), name='expost_plan_change_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'locked'), _negated=True), models.Q(('locked_at__isnull', False), ('locked_by__isnull', False), ('locked_on__isnull', False), ('timely_until__isnull', False), models.Q(('content_hash', ''), _negated=True)), _connector='OR'), name='expost_plan_lock_is_signed'),
        ),
        migrations.AddConstraint(
            model_name='expostplan',
            constraint=models.CheckConstraint(condition=models.Q(('locked_by__isnull', True), models.Q(('locked_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='expost_plan_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.UniqueConstraint(fields=('plan', 'indicator'), name='planned_indicator_once'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.UniqueConstraint(fields=('plan', 'position'), name='planned_position_once'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.CheckConstraint(condition=models.Q(('position__gte', 1), ('position__lte', 5)), name='planned_at_most_five'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.CheckConstraint(condition=models.Q(('method', models.F('proposed')), models.Q(('method_reason', ''), _negated=True), _connector='OR'), name='planned_other_method_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.CheckConstraint(condition=models.Q(('smallest_change__gt', 0)), name='planned_smallest_change_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.CheckConstraint(condition=models.Q(('transition_from__isnull', True), ('transition_until__isnull', True), ('transition_until__gte', models.F('transition_from')), _connector='OR'), name='planned_transition_in_order'),
        ),
        migrations.AddConstraint(
            model_name='plannedindicator',
            constraint=models.CheckConstraint(condition=models.Q(('horizon_months__gte', 1), ('horizon_months__lte', 120)), name='planned_horizon'),
        ),
        migrations.AddConstraint(
            model_name='plannedcomparison',
            constraint=models.UniqueConstraint(fields=('item', 'indicator', 'unit', 'release', 'country'), name='comparison_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='plannedcomparison',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('country__isnull', True), ('indicator__isnull', False), ('release__isnull', True), ('unit__isnull', True)), models.Q(('country__isnull', True), ('indicator__isnull', True), ('release__isnull', True), ('unit__isnull', False)), models.Q(('country__isnull', False), ('indicator__isnull', True), ('release__isnull', False), ('unit__isnull', True)), _connector='OR'), name='comparison_is_one_thing'),
        ),
        *[
            migrations.RunSQL(made, f"DROP TRIGGER {trigger} ON {table}; DROP FUNCTION {function}();")
            for made, table, trigger, function in TRIGGERS
        ],
    ]
