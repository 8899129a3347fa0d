"""Evaluations from plan to follow-up; what is signed, answered or decided is kept by triggers, whoever tries."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


SIGNED = "('final', 'response_due', 'follow_up', 'closed')"

# What the older form of an evaluation says in the new one; the last line lets the columns be altered afterwards.
CARRY_OVER = """
UPDATE indicators_evaluation e SET lead_id = e.created_by_id, programme_id = r.programme_id
    FROM indicators_assessmentrun r WHERE r.id = e.run_id;
INSERT INTO indicators_recommendation_findings (recommendation_id, finding_id)
    SELECT id, finding_id FROM indicators_recommendation;
SET CONSTRAINTS ALL IMMEDIATE;
"""

EVALUATION = f"""
CREATE FUNCTION keep_evaluation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    states text[] := ARRAY['planned', 'running', 'draft', 'fact_check', 'final', 'response_due', 'follow_up', 'closed'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state IN {SIGNED} THEN
            RAISE EXCEPTION 'evaluation % is signed and stays', OLD.id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
    END IF;
    IF OLD.run_id IS NOT NULL AND NEW.run_id IS DISTINCT FROM OLD.run_id THEN
        RAISE EXCEPTION 'evaluation % rests on assessment % for good', OLD.id, OLD.run_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN {SIGNED} AND (
        (NEW.programme_id, NEW.kind, NEW.title, NEW.scope, NEW.question, NEW.judgement, NEW.context, NEW.summary,
         NEW.lead_id, NEW.created_by_id, NEW.created_at, NEW.fact_check_until, NEW.facts_checked_by_id,
         NEW.facts_checked_at, NEW.signed_by_id, NEW.signed_at, NEW.response_due_on, NEW.content_hash, NEW.report)
        IS DISTINCT FROM
        (OLD.programme_id, OLD.kind, OLD.title, OLD.scope, OLD.question, OLD.judgement, OLD.context, OLD.summary,
         OLD.lead_id, OLD.created_by_id, OLD.created_at, OLD.fact_check_until, OLD.facts_checked_by_id,
         OLD.facts_checked_at, OLD.signed_by_id, OLD.signed_at, OLD.response_due_on, OLD.content_hash, OLD.report)
        OR array_position(states, NEW.state::text) < array_position(states, OLD.state::text)
    ) THEN
        RAISE EXCEPTION 'evaluation % is signed: its report stays as it is', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER evaluation_is_kept BEFORE UPDATE OR DELETE ON indicators_evaluation
    FOR EACH ROW EXECUTE FUNCTION keep_evaluation();
"""

INDEPENDENCE = """
CREATE FUNCTION keep_evaluation_independent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM indicators_membership m JOIN indicators_programme p ON p.id = m.programme_id
        WHERE m.programme_id = NEW.programme_id AND m.role IN ('officer', 'approver')
            AND (m.ends_on IS NULL OR m.ends_on >= p.starts_on)
            AND m.user_id IN (
                CASE WHEN TG_OP = 'INSERT' OR NEW.lead_id <> OLD.lead_id THEN NEW.lead_id END,
                CASE WHEN TG_OP = 'INSERT' OR NEW.signed_by_id IS DISTINCT FROM OLD.signed_by_id
                    THEN NEW.signed_by_id END
            )
    ) THEN
        RAISE EXCEPTION 'nobody evaluates a programme in which they worked in the same phase'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER evaluation_is_independent BEFORE INSERT OR UPDATE ON indicators_evaluation
    FOR EACH ROW EXECUTE FUNCTION keep_evaluation_independent();
"""

REPORT = f"""
CREATE FUNCTION keep_signed_report() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part jsonb;
    parent bigint;
    evaluation bigint;
BEGIN
    FOREACH part IN ARRAY ARRAY[
        CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END, CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END
    ] LOOP
        CONTINUE WHEN part IS NULL;
        parent := (part ->> (TG_ARGV[0] || '_id'))::bigint;
        evaluation := CASE TG_ARGV[0]
            WHEN 'evaluation' THEN parent
            WHEN 'finding' THEN (SELECT evaluation_id FROM indicators_finding WHERE id = parent)
            WHEN 'recommendation' THEN (SELECT evaluation_id FROM indicators_recommendation WHERE id = parent)
            WHEN 'lesson' THEN (SELECT evaluation_id FROM indicators_lesson WHERE id = parent)
        END;
        IF EXISTS (SELECT 1 FROM indicators_evaluation WHERE id = evaluation AND state IN {SIGNED}) THEN
            RAISE EXCEPTION 'evaluation % is signed: its report stays as it is (tried: % on %)',
                evaluation, TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END IF;
    END LOOP;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
"""
EVERY = "INSERT OR UPDATE OR DELETE"
PARTS = [
    ("indicators_finding", EVERY, "evaluation"),
    ("indicators_criterionrating", EVERY, "evaluation"),
    ("indicators_recommendation", EVERY, "evaluation"),
    ("indicators_factcomment", EVERY, "finding"),
    ("indicators_finding_verdicts", EVERY, "finding"),
    ("indicators_finding_evidence", EVERY, "finding"),
    ("indicators_recommendation_findings", EVERY, "recommendation"),
    ("indicators_lesson_findings", EVERY, "lesson"),
    # A lesson's state goes on after the signature; what it says does not change.
    ("indicators_lesson", "INSERT OR DELETE OR UPDATE OF statement, tags, evaluation_id, created_by_id", "evaluation"),
]

# Answers and decisions: given once. Of an answer, only how far its action is goes on.
KEPT = [
    (
        "indicators_managementresponse",
        "DELETE OR UPDATE OF recommendation_id, answer, reason, action, responsible, due_on, responded_by_id, "
        "responded_at",
    ),
    ("indicators_adjustmentdecision", "UPDATE OR DELETE"),
    ("indicators_adjustmentdecision_recommendations", "UPDATE OR DELETE"),
]

DECIDED = """
CREATE FUNCTION check_decided_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.reason_code = 'evaluation' AND NEW.decision_id IS NULL THEN
        RAISE EXCEPTION 'a target revised by evaluation decision names the decision'
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.decision_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM indicators_adjustmentdecision d
        JOIN indicators_programmeindicator i ON i.programme_id = d.programme_id
        WHERE d.id = NEW.decision_id AND i.id = NEW.indicator_id
    ) THEN
        RAISE EXCEPTION 'decision % is of another programme', NEW.decision_id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER revision_is_decided BEFORE INSERT ON indicators_targetrevision
    FOR EACH ROW EXECUTE FUNCTION check_decided_revision();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('indicators', '0018_iati_activity'),
    ]

    operations = [
        migrations.CreateModel(
            name='AdjustmentDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('continue', 'Continue as it is'), ('scale_up', 'Scale up'), ('scale_down', 'Scale down'), ('redesign_scope', 'Redesign the scope'), ('change_objective', 'Change an objective'), ('retarget', 'Set new targets'), ('change_audience', 'Change audience or partner'), ('hand_over', 'Hand over'), ('stop', 'Stop')], max_length=16, verbose_name='decision')),
                ('rationale', models.TextField(verbose_name='why')),
                ('decided_at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-decided_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='CriterionRating',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('criterion', models.CharField(choices=[('relevance', 'Relevance'), ('coherence', 'Coherence'), ('effectiveness', 'Effectiveness'), ('efficiency', 'Efficiency'), ('impact', 'Impact'), ('sustainability', 'Sustainability')], max_length=14, verbose_name='criterion')),
                ('rating', models.PositiveSmallIntegerField(blank=True, choices=[(6, 'Highly satisfactory'), (5, 'Satisfactory'), (4, 'Moderately satisfactory'), (3, 'Moderately unsatisfactory'), (2, 'Unsatisfactory'), (1, 'Highly unsatisfactory')], null=True, verbose_name='rating')),
                ('reason', models.TextField(verbose_name='reason')),
            ],
            options={
                'ordering': ['evaluation_id', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='FactComment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('text', models.TextField(verbose_name='comment')),
                ('about_statement', models.TextField()),
                ('at', models.DateTimeField()),
                ('answer', models.CharField(blank=True, choices=[('changed', 'Changed'), ('partly', 'Partly changed'), ('kept', 'Kept')], max_length=8, verbose_name='answer')),
                ('answer_text', models.TextField(blank=True, verbose_name='why')),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['finding_id', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Lesson',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('statement', models.TextField(verbose_name='lesson')),
                ('tags', models.JSONField(blank=True, default=list, verbose_name='tags')),
                ('state', models.CharField(choices=[('submitted', 'Submitted'), ('verified', 'Verified'), ('approved', 'Approved'), ('action', 'In action'), ('closed', 'Closed'), ('rejected', 'Rejected'), ('archived', 'Archived')], default='submitted', max_length=10)),
                ('state_reason', models.TextField(blank=True)),
                ('is_shared', models.BooleanField(default=False)),
            ],
            options={
                'ordering': ['evaluation_id', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='ManagementResponse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('answer', models.CharField(choices=[('accepted', 'Accepted'), ('partly', 'Partly accepted'), ('rejected', 'Rejected')], max_length=8, verbose_name='answer')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('action', models.TextField(blank=True, verbose_name='action')),
                ('responsible', models.CharField(blank=True, max_length=120, verbose_name='responsible')),
                ('due_on', models.DateField(blank=True, null=True, verbose_name='to be done by')),
                ('responded_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('not_started', 'Not started'), ('in_progress', 'In progress'), ('done', 'Done'), ('dropped', 'Dropped')], default='not_started', max_length=12, verbose_name='status')),
                ('status_reason', models.TextField(blank=True, verbose_name='note')),
                ('status_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['recommendation_id'],
            },
        ),
        migrations.AlterModelOptions(
            name='evaluation',
            options={'ordering': ['-created_at', '-pk']},
        ),
        migrations.RemoveConstraint(
            model_name='evaluation',
            name='evaluation_final_is_signed',
        ),
        migrations.AddField(
            model_name='evaluation',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='context',
            field=models.TextField(blank=True, help_text='What the partner wanted and did itself; what happened around the programme.', verbose_name='ownership and context'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='due_on',
            field=models.DateField(blank=True, null=True, verbose_name='report due'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='fact_check_until',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='facts_checked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='facts_checked_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='kind',
            field=models.CharField(choices=[('on_the_fly', 'On-the-fly review'), ('mid_term', 'Mid-term evaluation'), ('end_of_phase', 'End-of-phase evaluation'), ('ex_post_6', 'Ex-post evaluation, 6 months on'), ('ex_post_12', 'Ex-post evaluation, 12 months on'), ('ex_post_24', 'Ex-post evaluation, 24 months on'), ('thematic', 'Thematic evaluation')], default='on_the_fly', max_length=12, verbose_name='kind'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='lead',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lead'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='programme',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='indicators.programme', verbose_name='programme'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='releasable_to',
            field=models.ManyToManyField(blank=True, related_name='+', to='indicators.partner'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='report',
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='response_due_on',
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='scope',
            field=models.TextField(blank=True, help_text='Which period, places and objectives; what is left out.', verbose_name='scope'),
        ),
        migrations.AddField(
            model_name='evaluation',
            name='summary',
            field=models.TextField(blank=True, help_text='All that a partner may read, once an administrator releases it. Name no other partner.', verbose_name='summary for partners'),
        ),
        migrations.AddField(
            model_name='finding',
            name='confidence',
            field=models.CharField(choices=[('high', 'High'), ('medium', 'Medium'), ('low', 'Low')], default='medium', max_length=6, verbose_name='confidence'),
        ),
        migrations.AddField(
            model_name='finding',
            name='confidence_reason',
            field=models.CharField(blank=True, max_length=300, verbose_name='why so sure, or not surer'),
        ),
        migrations.AddField(
            model_name='finding',
            name='evidence',
            field=models.ManyToManyField(blank=True, related_name='findings', to='indicators.evidence', verbose_name='evidence'),
        ),
        migrations.AddField(
            model_name='recommendation',
            name='findings',
            field=models.ManyToManyField(related_name='recommendations', to='indicators.finding', verbose_name='follows from'),
        ),
        migrations.RunSQL(CARRY_OVER, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='recommendation',
            name='finding',
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='lead',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='lead'),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='programme',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='indicators.programme', verbose_name='programme'),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='judgement',
            field=models.TextField(blank=True, help_text='The answer, in a few sentences.', verbose_name='answer'),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='question',
            field=models.TextField(help_text='What should this evaluation answer?', verbose_name='question'),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='run',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='evaluations', to='indicators.assessmentrun', verbose_name='assessment'),
        ),
        migrations.AlterField(
            model_name='evaluation',
            name='state',
            field=models.CharField(choices=[('planned', 'Planned'), ('running', 'Running'), ('draft', 'Draft report'), ('fact_check', 'Fact check'), ('final', 'Final'), ('response_due', 'Response due'), ('follow_up', 'Follow-up'), ('closed', 'Closed')], default='planned', max_length=12),
        ),
        migrations.AlterField(
            model_name='finding',
            name='verdicts',
            field=models.ManyToManyField(blank=True, related_name='findings', to='indicators.verdict', verbose_name='rests on'),
        ),
        migrations.AlterField(
            model_name='recommendation',
            name='due_on',
            field=models.DateField(blank=True, null=True, verbose_name='to be done by'),
        ),
        migrations.AddIndex(
            model_name='evaluation',
            index=models.Index(condition=models.Q(('state__in', ['final', 'response_due'])), fields=['response_due_on'], name='evaluation_waits'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['planned', 'running', 'draft', 'fact_check']), models.Q(('signed_at__isnull', False), ('signed_by__isnull', False), models.Q(('content_hash', ''), _negated=True), models.Q(('judgement', ''), _negated=True)), _connector='OR'), name='evaluation_final_is_signed'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.CheckConstraint(condition=models.Q(('state', 'planned'), ('run__isnull', False), _connector='OR'), name='evaluation_rests_on_an_assessment'),
        ),
        migrations.AddConstraint(
            model_name='evaluation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('facts_checked_at__isnull', True), ('facts_checked_by__isnull', True)), models.Q(('facts_checked_at__isnull', False), ('facts_checked_by__isnull', False)), _connector='OR'), name='evaluation_facts_checked_by_and_at'),
        ),
        migrations.AddField(
            model_name='adjustmentdecision',
            name='decided_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='adjustmentdecision',
            name='programme',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='decisions', to='indicators.programme'),
        ),
        migrations.AddField(
            model_name='adjustmentdecision',
            name='recommendations',
            field=models.ManyToManyField(related_name='decisions', to='indicators.recommendation', verbose_name='follows'),
        ),
        migrations.AddField(
            model_name='designversion',
            name='decision',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='designs', to='indicators.adjustmentdecision', verbose_name='carries out'),
        ),
        migrations.AddField(
            model_name='targetproposal',
            name='decision',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='proposals', to='indicators.adjustmentdecision', verbose_name='carries out'),
        ),
        migrations.AddField(
            model_name='targetrevision',
            name='decision',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='revisions', to='indicators.adjustmentdecision', verbose_name='carries out'),
        ),
        migrations.AddField(
            model_name='criterionrating',
            name='evaluation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='ratings', to='indicators.evaluation'),
        ),
        migrations.AddField(
            model_name='factcomment',
            name='answered_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='factcomment',
            name='by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='factcomment',
            name='finding',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='comments', to='indicators.finding'),
        ),
        migrations.AddField(
            model_name='lesson',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='lesson',
            name='evaluation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lessons', to='indicators.evaluation'),
        ),
        migrations.AddField(
            model_name='lesson',
            name='findings',
            field=models.ManyToManyField(related_name='lessons', to='indicators.finding', verbose_name='learnt from'),
        ),
        migrations.AddField(
            model_name='managementresponse',
            name='recommendation',
            field=models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='response', to='indicators.recommendation'),
        ),
        migrations.AddField(
            model_name='managementresponse',
            name='responded_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='managementresponse',
            name='status_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddConstraint(
            model_name='adjustmentdecision',
            constraint=models.CheckConstraint(condition=models.Q(('rationale', ''), _negated=True), name='decision_says_why'),
        ),
        migrations.AddConstraint(
            model_name='criterionrating',
            constraint=models.UniqueConstraint(fields=('evaluation', 'criterion'), name='criterion_rated_once'),
        ),
        migrations.AddConstraint(
            model_name='criterionrating',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='criterion_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='criterionrating',
            constraint=models.CheckConstraint(condition=models.Q(('rating__isnull', True), models.Q(('rating__gte', 1), ('rating__lte', 6)), _connector='OR'), name='criterion_on_six_points'),
        ),
        migrations.AddConstraint(
            model_name='factcomment',
            constraint=models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='fact_comment_says_something'),
        ),
        migrations.AddConstraint(
            model_name='factcomment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answer', ''), ('answered_at__isnull', True), ('answered_by__isnull', True)), models.Q(models.Q(('answer', ''), _negated=True), models.Q(('answer_text', ''), _negated=True), ('answered_at__isnull', False), ('answered_by__isnull', False)), _connector='OR'), name='fact_comment_answered_as_a_whole'),
        ),
        migrations.AddConstraint(
            model_name='factcomment',
            constraint=models.CheckConstraint(condition=models.Q(('answered_by__isnull', True), models.Q(('answered_by', models.F('by')), _negated=True), _connector='OR'), name='fact_comment_four_eyes'),
        ),
        migrations.AddConstraint(
            model_name='managementresponse',
            constraint=models.CheckConstraint(condition=models.Q(('answer', 'accepted'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='response_rejected_or_partly_says_why'),
        ),
        migrations.AddConstraint(
            model_name='managementresponse',
            constraint=models.CheckConstraint(condition=models.Q(('answer', 'rejected'), models.Q(models.Q(('action', ''), _negated=True), models.Q(('responsible', ''), _negated=True), ('due_on__isnull', False)), _connector='OR'), name='response_accepted_names_an_action'),
        ),
        migrations.AddConstraint(
            model_name='managementresponse',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'dropped'), _negated=True), models.Q(('status_reason', ''), _negated=True), _connector='OR'), name='response_dropped_says_why'),
        ),
        migrations.RunSQL(
            EVALUATION, "DROP TRIGGER evaluation_is_kept ON indicators_evaluation; DROP FUNCTION keep_evaluation();"
        ),
        migrations.RunSQL(
            INDEPENDENCE,
            "DROP TRIGGER evaluation_is_independent ON indicators_evaluation; DROP FUNCTION keep_evaluation_independent();",
        ),
        migrations.RunSQL(REPORT, "DROP FUNCTION keep_signed_report();"),
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER signed_report_is_kept BEFORE {when} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION keep_signed_report('{parent}');",
                f"DROP TRIGGER signed_report_is_kept ON {table};",
            )
            for table, when, parent in PARTS
        ],
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER kept_for_ever BEFORE {when} ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
                f"DROP TRIGGER kept_for_ever ON {table};",
            )
            for table, when in KEPT
        ],
        migrations.RunSQL(
            DECIDED,
            "DROP TRIGGER revision_is_decided ON indicators_targetrevision; DROP FUNCTION check_decided_revision();",
        ),
    ]
