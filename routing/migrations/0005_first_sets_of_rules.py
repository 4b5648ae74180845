import django.db.models.deletion
from django.db import migrations, models

# What was in force becomes the first set of each community, from the first decision on.
FORWARD = """
UPDATE routing_rule SET lineage = gen_random_uuid();
UPDATE routing_decision SET as_of = decided_at;
INSERT INTO routing_ruleset (community_id, number, note, created_at, in_force_from)
SELECT community_id, 1, '', now(),
       least(now(), (SELECT min(d.decided_at) FROM routing_decision d WHERE d.community_id = r.community_id))
FROM routing_rule r GROUP BY community_id;
UPDATE routing_rule r SET ruleset_id = s.id FROM routing_ruleset s WHERE s.community_id = r.community_id;
UPDATE routing_decision d SET ruleset_id = s.id FROM routing_ruleset s WHERE s.community_id = d.community_id;
UPDATE routing_delivery d SET decision_id = (
    SELECT c.id FROM routing_decision c
    WHERE c.subject_id = d.subject_id AND c.organisation_id = d.organisation_id AND c.decided_at <= d.created_at
    ORDER BY c.decided_at DESC, c.id DESC LIMIT 1
);
SET CONSTRAINTS ALL IMMEDIATE;
"""

# A set that was published is history, and what decisions refer to. The lock makes a change wait for a publication
# that is under way, and see it. A transaction that erases a whole community says so (misto.erasing = on).
GUARD = """
CREATE FUNCTION refuse_change_of_published_rules() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    published timestamptz;
BEGIN
    IF current_setting('misto.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        SELECT in_force_from INTO published FROM routing_ruleset WHERE id = OLD.ruleset_id FOR SHARE;
        IF published IS NOT NULL THEN
            RAISE EXCEPTION 'the rules of a published set do not change' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT in_force_from INTO published FROM routing_ruleset WHERE id = NEW.ruleset_id FOR SHARE;
        IF published IS NOT NULL THEN
            RAISE EXCEPTION 'the rules of a published set do not change' USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER published_rules_do_not_change BEFORE INSERT OR UPDATE OR DELETE ON routing_rule
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_published_rules();
"""
UNGUARD = """
DROP TRIGGER published_rules_do_not_change ON routing_rule;
DROP FUNCTION refuse_change_of_published_rules();
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0004_registers_and_sets_of_rules")]
    operations = [
        migrations.RunSQL(FORWARD, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="rule",
            name="ruleset",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rules",
                to="routing.ruleset",
                verbose_name="set of rules",
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="as_of",
            field=models.DateTimeField(verbose_name="places, hours and dates of"),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
