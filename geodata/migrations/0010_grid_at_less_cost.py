from django.db import migrations

# The same functions as before, in plpgsql: inside one another PostgreSQL cannot inline those in SQL and starts an executor for
# each. Every write of a report calls them four times: about 150 µs became 11.
# Every call names its schema: a dump is restored with an empty search path, and columns that the database computes are
# computed anew then.
QUICK = """
CREATE OR REPLACE FUNCTION geodata_grid_x(place geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN
    RETURN greatest(0, least(1073741823, floor((public.ST_X(place) / 360 + 0.5) * 1073741824)))::integer;
END $$;
CREATE OR REPLACE FUNCTION geodata_grid_y(place geometry) RETURNS integer
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN
    RETURN greatest(0, least(1073741823, floor((0.5
        - atanh(sind(greatest(-85.05112878, least(85.05112878, public.ST_Y(place))))) / (2 * pi())) * 1073741824)))::integer;
END $$;
CREATE OR REPLACE FUNCTION geodata_code(place geometry) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN
    RETURN public.geodata_morton(public.geodata_grid_x(place), public.geodata_grid_y(place));
END $$;
CREATE OR REPLACE FUNCTION geodata_anchor(shape geometry) RETURNS geometry
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN
    IF public.GeometryType(shape) = 'POINT' THEN RETURN shape; END IF;
    RETURN public.ST_PointOnSurface(shape);
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("geodata", "0009_checks_of_cells")]
    operations = [migrations.RunSQL(QUICK, migrations.RunSQL.noop)]
