from django.db import migrations

# The same as before, in plpgsql, as geodata/migrations/0010_grid_at_less_cost.py says.
PLACE = """
CREATE OR REPLACE FUNCTION issues_public_place(place geometry, is_coarse boolean) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN
    IF NOT is_coarse THEN RETURN place; END IF;
    RETURN public.ST_SetSRID(public.ST_MakePoint(
        (floor(public.ST_X(place) / 0.01) + 0.5) * 0.01, (floor(public.ST_Y(place) / 0.01) + 0.5) * 0.01), 4326);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("geodata", "0010_grid_at_less_cost"),
        ("issues", "0017_reports_wait_for_their_subject"),
    ]
    operations = [migrations.RunSQL(PLACE, migrations.RunSQL.noop)]
