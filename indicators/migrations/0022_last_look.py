"""Looks, and a log of statuses that changed, which the database itself keeps whichever way a status is stored."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

STATUSES = [
    ("on_track", "On track"), ("at_risk", "At risk"), ("off_track", "Off track"),
    ("not_reporting", "Not reporting"), ("not_assessable", "Cannot be assessed"), ("monitored", "Monitored only"),
]

# A status whose data had gone stale counted as not reporting: that it counts again is a change, too.
LOG = """
CREATE FUNCTION keep_status_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO indicators_statuschange (indicator_id, at, before, before_stale_from, after)
        SELECT indicator_id, computed_at, '', NULL, status FROM became;
    ELSE
        INSERT INTO indicators_statuschange (indicator_id, at, before, before_stale_from, after)
        SELECT became.indicator_id, became.computed_at, was.status, was.stale_from, became.status
        FROM became JOIN was ON was.indicator_id = became.indicator_id
        WHERE was.status <> became.status OR was.stale_from <= became.as_of;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER first_status_is_logged AFTER INSERT ON indicators_indicatorstatus
    REFERENCING NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION keep_status_change();
CREATE TRIGGER status_change_is_logged AFTER UPDATE ON indicators_indicatorstatus
    REFERENCING OLD TABLE AS was NEW TABLE AS became FOR EACH STATEMENT EXECUTE FUNCTION keep_status_change();

-- What stands today is known from today on.
INSERT INTO indicators_statuschange (indicator_id, at, before, before_stale_from, after)
SELECT indicator_id, now(), '', NULL, status FROM indicators_indicatorstatus;
"""
UNDO = """
DROP TRIGGER first_status_is_logged ON indicators_indicatorstatus;
DROP TRIGGER status_change_is_logged ON indicators_indicatorstatus;
DROP FUNCTION keep_status_change();
"""


class Migration(migrations.Migration):

    dependencies = [
        ("indicators", "0021_documents"),
    ]

    operations = [
        migrations.CreateModel(
            name="StatusChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("before", models.CharField(blank=True, choices=STATUSES, max_length=16)),
                ("before_stale_from", models.DateField(null=True)),
                ("after", models.CharField(choices=STATUSES, max_length=16)),
                ("indicator", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="status_changes", to="indicators.programmeindicator")),
            ],
            options={
                "ordering": ["indicator_id", "at", "pk"],
                "indexes": [models.Index(fields=["indicator", "at"], name="status_change_since")],
            },
        ),
        migrations.CreateModel(
            name="LastLook",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("looked_on", models.DateField()),
                ("looked_at", models.DateTimeField()),
                ("before_at", models.DateTimeField(null=True)),
                ("person", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="looks", to=settings.AUTH_USER_MODEL)),
                ("programme", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="indicators.programme", verbose_name="programme")),
            ],
            options={
                "ordering": ["person_id", "programme_id"],
                "constraints": [models.UniqueConstraint(fields=("person", "programme"), name="last_look_once")],
            },
        ),
        migrations.RunSQL(LOG, UNDO),
    ]
