"""The step of validation, substitutes, the period calendar and its lock, which the database itself keeps."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


# Whether a period takes no writes at a moment: the newest turn decides, without one the calendar does. The same rule
# stands in Python in `indicators.engine.calendar`; a test compares the two.
LOCKED = """
CREATE FUNCTION period_is_locked(period bigint, moment timestamptz) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT turn.kind = 'locked' OR (moment AT TIME ZONE g.time_zone)::date > turn.until
         FROM indicators_periodturn turn WHERE turn.period_id = p.id ORDER BY turn.id DESC LIMIT 1),
        g.lock_days IS NOT NULL AND
        (moment AT TIME ZONE g.time_zone)::date >= greatest(p.ends_on + g.lock_days, p.due_on + 1)
    )
    FROM indicators_reportingperiod p JOIN indicators_programme g ON g.id = p.programme_id
    WHERE p.id = period
$$;

CREATE FUNCTION has_entry_exception(period bigint, people bigint[], moment timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT 1 FROM indicators_entryexception e
        JOIN indicators_reportingperiod p ON p.id = e.period_id
        JOIN indicators_programme g ON g.id = p.programme_id
        WHERE e.period_id = period AND e.revoked_at IS NULL
          AND e.until >= (moment AT TIME ZONE g.time_zone)::date
          AND (people IS NULL OR e.user_id = ANY(people))
    )
$$;
"""

# A locked period takes no observation, no change of one and no removal, whoever tries: page, machine door, file,
# command or shell. It lets pass: what a person with an exception enters, and what is decided on it; a correction that
# was asked for; the step aside of what such a figure corrects.
OBSERVATION = """
CREATE FUNCTION keep_period_lock() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one indicators_observation;
    doer bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN one := OLD; ELSE one := NEW; END IF;
    IF TG_OP = 'UPDATE' AND NEW.by_request <> OLD.by_request THEN
        RAISE EXCEPTION 'observation %: a correction that was asked for stays one', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'approved' AND OLD.state <> 'approved'
       AND NEW.validated_by_id IS NULL AND EXISTS (
           SELECT 1 FROM indicators_programmeindicator i JOIN indicators_programme g ON g.id = i.programme_id
           WHERE i.id = NEW.indicator_id AND g.needs_validation)
    THEN
        RAISE EXCEPTION 'observation %: this programme approves only what was validated', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.period_id <> NEW.period_id AND period_is_locked(OLD.period_id, now()) THEN
        RAISE EXCEPTION 'period % is locked (tried: move of observation %)', OLD.period_id, OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT period_is_locked(one.period_id, now()) THEN
        RETURN one;
    END IF;
    IF one.by_request AND TG_OP = 'UPDATE' THEN
        RETURN one;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'superseded' AND EXISTS (
        SELECT 1 FROM indicators_observation newer
        WHERE newer.corrects_id = NEW.id AND newer.state IN ('submitted', 'validated')
          AND (newer.by_request OR has_entry_exception(NEW.period_id, NULL, now())))
    THEN
        RETURN NEW;
    END IF;
    doer := CASE one.state WHEN 'validated' THEN one.validated_by_id WHEN 'approved' THEN one.decided_by_id
                           WHEN 'returned' THEN one.decided_by_id WHEN 'rejected' THEN one.decided_by_id END;
    IF has_entry_exception(one.period_id, ARRAY[
           one.entered_by_id, one.submitted_by_id, doer, OLD.entered_by_id, OLD.submitted_by_id], now()) THEN
        RETURN one;
    END IF;
    RAISE EXCEPTION 'period % is locked (tried: % of an observation)', one.period_id, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER period_lock_is_kept BEFORE UPDATE OR DELETE ON indicators_observation
    FOR EACH ROW EXECUTE FUNCTION keep_period_lock();

-- New rows are asked about all at once, and each period once: a file brings a million of them.
CREATE FUNCTION keep_period_lock_on_entry() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    refused bigint;
BEGIN
    SELECT one.id INTO refused FROM entered one
    JOIN indicators_programmeindicator i ON i.id = one.indicator_id
    JOIN indicators_programme g ON g.id = i.programme_id
    WHERE one.state = 'approved' AND one.validated_by_id IS NULL AND g.needs_validation LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'observation %: this programme approves only what was validated', refused
            USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT one.period_id INTO refused FROM entered one
    WHERE one.period_id IN (
        SELECT p.period_id FROM (SELECT DISTINCT period_id FROM entered) p WHERE period_is_locked(p.period_id, now()))
      AND NOT (one.by_request AND one.state = 'submitted')
      AND NOT has_entry_exception(one.period_id, ARRAY[
          one.entered_by_id, one.submitted_by_id,
          CASE one.state WHEN 'validated' THEN one.validated_by_id WHEN 'approved' THEN one.decided_by_id
                         WHEN 'returned' THEN one.decided_by_id WHEN 'rejected' THEN one.decided_by_id END], now())
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'period % is locked (tried: INSERT of an observation)', refused
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER period_lock_is_kept_on_entry AFTER INSERT ON indicators_observation
    REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION keep_period_lock_on_entry();
"""

EVIDENCE = """
CREATE FUNCTION keep_period_lock_on_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one indicators_evidence;
    of_it indicators_observation;
BEGIN
    IF TG_OP = 'DELETE' THEN one := OLD; ELSE one := NEW; END IF;
    SELECT * INTO of_it FROM indicators_observation WHERE id = one.observation_id;
    IF of_it.id IS NULL OR of_it.by_request OR NOT period_is_locked(of_it.period_id, now())
       OR has_entry_exception(of_it.period_id, ARRAY[one.added_by_id, of_it.entered_by_id], now()) THEN
        RETURN one;
    END IF;
    RAISE EXCEPTION 'period % is locked (tried: % of evidence)', of_it.period_id, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER period_lock_is_kept BEFORE INSERT OR UPDATE OR DELETE ON indicators_evidence
    FOR EACH ROW EXECUTE FUNCTION keep_period_lock_on_evidence();
"""



class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0013_contribution'),
    ]

    operations = [
        migrations.CreateModel(
            name='EntryException',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('until', models.DateField()),
                ('reason', models.TextField()),
                ('granted_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['period_id', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='PeriodTurn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('reopened', 'Reopened'), ('locked', 'Locked')], max_length=8)),
                ('until', models.DateField(blank=True, null=True)),
                ('reason', models.TextField()),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['period_id', 'pk'],
            },
        ),
        migrations.RemoveConstraint(
            model_name='membership',
            name='membership_once_per_role',
        ),
        migrations.RemoveConstraint(
            model_name='observation',
            name='observation_one_pending',
        ),
        migrations.RemoveIndex(
            model_name='observation',
            name='observation_queue',
        ),
        migrations.AddField(
            model_name='membership',
            name='substitutes_for',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='substituted_by', to=settings.AUTH_USER_MODEL, verbose_name='substitute for'),
        ),
        migrations.AddField(
            model_name='observation',
            name='by_request',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='observation',
            name='validated_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='observation',
            name='validated_by',
            field=models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='programme',
            name='approval_days',
            field=models.PositiveSmallIntegerField(default=25, help_text='Days after the end of a period until its figures should be approved.', verbose_name='days to approve'),
        ),
        migrations.AddField(
            model_name='programme',
            name='lock_days',
            field=models.PositiveSmallIntegerField(blank=True, help_text='Days after the end of a period from which nothing in it changes. Empty: never locked.', null=True, verbose_name='days until a period is locked'),
        ),
        migrations.AddField(
            model_name='programme',
            name='needs_validation',
            field=models.BooleanField(default=False, help_text='A data validator checks each submitted figure before an approver sees it.', verbose_name='figures are validated before approval'),
        ),
        migrations.AddField(
            model_name='programme',
            name='validation_days',
            field=models.PositiveSmallIntegerField(default=20, help_text='Days after the end of a period until its figures should be validated.', verbose_name='days to validate'),
        ),
        migrations.AlterField(
            model_name='membership',
            name='role',
            field=models.CharField(choices=[('officer', 'Program officer'), ('validator', 'Data validator'), ('approver', 'Approver'), ('evaluator', 'Evaluator'), ('reader', 'Reader')], max_length=12, verbose_name='role'),
        ),
        migrations.AlterField(
            model_name='observation',
            name='state',
            field=models.CharField(choices=[('draft', 'Draft'), ('submitted', 'Submitted'), ('validated', 'Validated'), ('returned', 'Returned'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('superseded', 'Superseded')], default='draft', max_length=12),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('state__in', ['submitted', 'validated'])), fields=['submitted_at'], name='observation_queue'),
        ),
        migrations.AddIndex(
            model_name='observation',
            index=models.Index(condition=models.Q(('by_request', True)), fields=['-id'], name='observation_requests'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(fields=('user', 'programme', 'role', 'substitutes_for'), name='membership_once_per_role', nulls_distinct=False, violation_error_message='This person already has this role in this programme.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('substitutes_for__isnull', True), ('ends_on__isnull', False), _connector='OR'), name='membership_substitute_for_a_time', violation_error_message='A substitute needs a last day.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(('substitutes_for__isnull', True), models.Q(('substitutes_for', models.F('user')), _negated=True), _connector='OR'), name='membership_substitute_is_another', violation_error_message='Nobody is their own substitute.'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.UniqueConstraint(models.F('indicator'), models.F('period'), django.db.models.functions.comparison.Coalesce('unit', 0), models.F('cell'), condition=models.Q(('state__in', ['draft', 'submitted', 'validated', 'returned'])), name='observation_one_pending'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('validated_by', models.F('entered_by')), _negated=True), models.Q(('validated_by', models.F('submitted_by')), _negated=True)), name='observation_validated_by_another', violation_error_message='Nobody validates what they entered or submitted.'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('decided_by', models.F('validated_by')), _negated=True), _connector='OR'), name='observation_validator_does_not_approve', violation_error_message='Nobody approves what they validated.'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('validated_at__isnull', True), ('validated_by__isnull', True)), models.Q(('validated_at__isnull', False), ('validated_by__isnull', False)), _connector='OR'), name='observation_validated_by_and_at'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'validated'), _negated=True), models.Q(('submitted_by__isnull', False), ('validated_by__isnull', False)), _connector='OR'), name='observation_validated_is_validated'),
        ),
        migrations.AddConstraint(
            model_name='observation',
            constraint=models.CheckConstraint(condition=models.Q(('by_request', False), ('corrects__isnull', False), _connector='OR'), name='observation_request_corrects'),
        ),
        migrations.AddConstraint(
            model_name='programme',
            constraint=models.CheckConstraint(condition=models.Q(('lock_days__isnull', True), ('lock_days__gt', models.F('grace_days')), _connector='OR'), name='programme_locks_after_it_is_due', violation_error_message='A period can be locked only after its figures are due.'),
        ),
        migrations.AddField(
            model_name='entryexception',
            name='granted_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='entryexception',
            name='period',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='exceptions', to='indicators.reportingperiod'),
        ),
        migrations.AddField(
            model_name='entryexception',
            name='revoked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='entryexception',
            name='user',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='periodturn',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='periodturn',
            name='period',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='turns', to='indicators.reportingperiod'),
        ),
        migrations.AddConstraint(
            model_name='entryexception',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='exception_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='entryexception',
            constraint=models.CheckConstraint(condition=models.Q(('granted_by', models.F('user')), _negated=True), name='exception_from_another', violation_error_message='Nobody grants an exception to themselves.'),
        ),
        migrations.AddConstraint(
            model_name='entryexception',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revoked_at__isnull', True), ('revoked_by__isnull', True)), models.Q(('revoked_at__isnull', False), ('revoked_by__isnull', False)), _connector='OR'), name='exception_revoked_by_and_at'),
        ),
        migrations.AddConstraint(
            model_name='periodturn',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='period_turn_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='periodturn',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'reopened'), ('until__isnull', False)), models.Q(('kind', 'locked'), ('until__isnull', True)), _connector='OR'), name='period_reopened_until_a_day'),
        ),
        migrations.RunSQL(
            "CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON indicators_periodturn "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
            "DROP TRIGGER kept_for_ever ON indicators_periodturn;",
        ),
        migrations.RunSQL(
            LOCKED,
            "DROP FUNCTION period_is_locked(bigint, timestamptz); "
            "DROP FUNCTION has_entry_exception(bigint, bigint[], timestamptz);",
        ),
        migrations.RunSQL(
            OBSERVATION,
            "DROP TRIGGER period_lock_is_kept ON indicators_observation; DROP FUNCTION keep_period_lock(); "
            "DROP TRIGGER period_lock_is_kept_on_entry ON indicators_observation; DROP FUNCTION keep_period_lock_on_entry();",
        ),
        migrations.RunSQL(
            EVIDENCE,
            "DROP TRIGGER period_lock_is_kept ON indicators_evidence; "
            "DROP FUNCTION keep_period_lock_on_evidence();",
        ),
    ]
