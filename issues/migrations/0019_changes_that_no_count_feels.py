from django.db import migrations

# The trigger that tells changes, as geodata/migrations/0011_changes_that_no_count_feels.py makes it now.
TELL = "SELECT geodata_tell_changes(1::smallint, 'issues_issue', 'category_id', 'created_at');"


class Migration(migrations.Migration):
    dependencies = [("geodata", "0011_changes_that_no_count_feels"), ("issues", "0018_blur_at_less_cost")]
    operations = [migrations.RunSQL(TELL, migrations.RunSQL.noop)]
