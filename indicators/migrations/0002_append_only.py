"""Triggers: facts that count, verdicts and the audit trail are never changed, whatever code or shell tries it."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are never changed or removed (tried: % on id %)', TG_TABLE_NAME, TG_OP, OLD.id
        USING ERRCODE = 'restrict_violation';
END $$;
"""

OBSERVATION = """
CREATE FUNCTION keep_observation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.state = 'draft' THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'observation % is %: only drafts can be removed', OLD.id, OLD.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state NOT IN ('draft', 'returned') AND (
        NEW.indicator_id, NEW.period_id, NEW.unit_id, NEW.cell, NEW.numerator, NEW.denominator, NEW.value, NEW.text,
        NEW.missing_reason, NEW.standard_error, NEW.sample_size, NEW.as_of, NEW.reliability, NEW.credibility,
        NEW.marking, NEW.comment, NEW.entered_by_id, NEW.entered_at, NEW.corrects_id, NEW.correction_reason
    ) IS DISTINCT FROM (
        OLD.indicator_id, OLD.period_id, OLD.unit_id, OLD.cell, OLD.numerator, OLD.denominator, OLD.value, OLD.text,
        OLD.missing_reason, OLD.standard_error, OLD.sample_size, OLD.as_of, OLD.reliability, OLD.credibility,
        OLD.marking, OLD.comment, OLD.entered_by_id, OLD.entered_at, OLD.corrects_id, OLD.correction_reason
    ) THEN
        RAISE EXCEPTION 'observation % is %: it can be corrected by a newer one, not changed', OLD.id, OLD.state
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state IN ('rejected', 'superseded') AND NEW.state <> OLD.state THEN
        RAISE EXCEPTION 'observation % is % for good', OLD.id, OLD.state USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'approved' AND NEW.state NOT IN ('approved', 'superseded') THEN
        RAISE EXCEPTION 'observation % is approved: it can only be superseded', OLD.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER observation_is_kept BEFORE UPDATE OR DELETE ON indicators_observation
    FOR EACH ROW EXECUTE FUNCTION keep_observation();
"""

KEPT_FOR_EVER = [
    "indicators_event",
    "indicators_verdict",
    "indicators_assessmentrun",
    "indicators_targetrevision",
    "indicators_milestone",
    "indicators_signoff",
    "indicators_indicatorversion",
    "indicators_contextvalue",
]


class Migration(migrations.Migration):
    dependencies = [("indicators", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, "DROP FUNCTION refuse_change();"),
        migrations.RunSQL(
            OBSERVATION,
            "DROP TRIGGER observation_is_kept ON indicators_observation; DROP FUNCTION keep_observation();",
        ),
        *[
            migrations.RunSQL(
                f"CREATE TRIGGER kept_for_ever BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH ROW EXECUTE FUNCTION refuse_change();",
                f"DROP TRIGGER kept_for_ever ON {table};",
            )
            for table in KEPT_FOR_EVER
        ],
    ]
