from django.db import migrations

# All days of a community's reports are those of its clock: when it is set otherwise, they are counted anew.
TELL = """
CREATE FUNCTION issues_days_are_others() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_to_count (source, thing) SELECT 1, id FROM issues_issue WHERE community_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER issues_follow_their_clock AFTER UPDATE OF time_zone ON geodata_community
    FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION issues_days_are_others();
"""
BACK = "DROP FUNCTION issues_days_are_others() CASCADE;"


class Migration(migrations.Migration):
    dependencies = [("core", "0005_things_to_count"), ("issues", "0022_promises_that_end")]
    operations = [migrations.RunSQL(TELL, BACK)]
