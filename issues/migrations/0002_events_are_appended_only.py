from django.db import migrations

# Events are history: nothing edits or deletes them. Two exceptions that are not edits of history: a deleted account
# is forgotten (user becomes null), and a transaction that erases a whole community says so (misto.erasing = on).
FORWARD = """
CREATE FUNCTION refuse_change_of_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('misto.erasing', true) = 'on' THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL THEN
        NEW.user_id := OLD.user_id;
        IF NEW IS NOT DISTINCT FROM OLD THEN
            NEW.user_id := NULL;
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'events are appended only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER event_is_appended_only BEFORE UPDATE OR DELETE ON issues_issueevent
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_event();
"""
BACKWARD = """
DROP TRIGGER event_is_appended_only ON issues_issueevent;
DROP FUNCTION refuse_change_of_event();
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
