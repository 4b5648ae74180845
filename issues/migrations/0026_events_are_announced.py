from django.db import migrations

# Events of reports that strangers see are announced to webhooks. Of a changed visibility the event says which it was:
# what was held or hidden before is published now.
FORWARD = """
CREATE FUNCTION issues_announce() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM newt WHERE notifications_is_heard(newt.community_id)) THEN
        RETURN NULL;
    END IF;
    PERFORM notifications_announce(
        e.community_id, i.subject_id,
        CASE e.kind
            WHEN 'reported' THEN 'report.created'
            WHEN 'visibility' THEN
                CASE WHEN i.subject_visibility = 'coarse' AND e.changed = 'public' THEN 'report.blurred'
                ELSE 'report.published' END
            ELSE 'report.' || e.kind
        END,
        e.at, c.code,
        ARRAY (SELECT d.code || '.' || a.code FROM issues_issue_areas ia JOIN geodata_area a ON a.id = ia.area_id
            JOIN geodata_division d ON d.id = a.division_id WHERE ia.issue_id = i.id),
        jsonb_build_object('event', e.id))
    FROM newt e JOIN issues_issue i ON i.id = e.issue_id JOIN routing_category c ON c.id = i.category_id
    WHERE i.subject_visibility IN ('public', 'coarse')
    ORDER BY e.id;
    RETURN NULL;
END $$;
CREATE TRIGGER event_is_announced AFTER INSERT ON issues_issueevent
    REFERENCING NEW TABLE AS newt FOR EACH STATEMENT EXECUTE FUNCTION issues_announce();
"""
BACKWARD = """
DROP TRIGGER event_is_announced ON issues_issueevent;
DROP FUNCTION issues_announce();
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0025_reports_by_programs"), ("notifications", "0003_announcing")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
