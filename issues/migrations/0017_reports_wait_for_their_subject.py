from django.db import migrations

# A report whose subject was there before it: whoever hides the subject meanwhile does not see the new report yet, and
# the report has read the old answer. So a new report holds its subject until it is committed. Changes of a report need
# no such lock: both sides write its row, and wait for each other there. No EXCEPTION block: it would be a
# subtransaction for every row.
COPY = """
CREATE OR REPLACE FUNCTION issues_copy_what_is_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.subject_id <> OLD.subject_id THEN
        SELECT visibility INTO NEW.subject_visibility FROM core_subject WHERE id = NEW.subject_id FOR SHARE;
    ELSE
        SELECT visibility INTO NEW.subject_visibility FROM core_subject WHERE id = NEW.subject_id;
    END IF;
    SELECT is_sensitive INTO NEW.place_is_sensitive FROM routing_category WHERE id = NEW.category_id;
    IF NEW.subject_visibility IS NULL OR NEW.place_is_sensitive IS NULL THEN
        -- The foreign key is checked at the end and will refuse the row; until then strangers see nothing of it.
        NEW.subject_visibility := '';
        NEW.place_is_sensitive := true;
    END IF;
    RETURN NEW;
END $$;
"""
COPY_BACK = """
CREATE OR REPLACE FUNCTION issues_copy_what_is_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT visibility INTO STRICT NEW.subject_visibility FROM core_subject WHERE id = NEW.subject_id;
    SELECT is_sensitive INTO STRICT NEW.place_is_sensitive FROM routing_category WHERE id = NEW.category_id;
    RETURN NEW;
EXCEPTION WHEN no_data_found THEN
    NEW.subject_visibility := '';
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("issues", "0016_reports_count_themselves")]
    operations = [migrations.RunSQL(COPY, COPY_BACK)]
