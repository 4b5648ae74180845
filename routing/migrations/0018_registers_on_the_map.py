import django.contrib.gis.db.models.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models


# Midday in UTC: the same day in every time zone but those of the date line.
MIDDAY = """
CREATE FUNCTION routing_midday(day date) RETURNS timestamptz LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT (day + time '12:00') AT TIME ZONE 'UTC'
$$;
"""
MIDDAY_BACK = "DROP FUNCTION routing_midday(date);"

# A thing keeps a copy of whether strangers see it: its register is on the map, and it is in force on the register's day. It
# is read anew whenever it or what it depends on is written, so that no old copy can be saved over a newer one.
COPIES = """
CREATE FUNCTION routing_copy_what_is_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT is_on_map AND NEW.valid_from <= map_day AND (NEW.valid_to IS NULL OR NEW.valid_to > map_day)
    INTO NEW.is_shown FROM routing_register WHERE id = NEW.register_id AND community_id = NEW.community_id;
    -- Of no register, which the foreign key will refuse, or of another community's: strangers see nothing of it.
    NEW.is_shown := coalesce(NEW.is_shown, false);
    RETURN NEW;
END $$;
CREATE TRIGGER asset_copies_what_is_shown BEFORE UPDATE OF
    is_shown, register_id, community_id, valid_from, valid_to ON routing_asset
    FOR EACH ROW EXECUTE FUNCTION routing_copy_what_is_shown();
-- Of new rows those are asked one by one that say they are shown, and all the others at once: most registers are not on the
-- map, and an import brings many rows.
CREATE TRIGGER asset_is_shown_only_if BEFORE INSERT ON routing_asset
    FOR EACH ROW WHEN (NEW.is_shown) EXECUTE FUNCTION routing_copy_what_is_shown();
CREATE FUNCTION routing_new_things_are_shown() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE routing_asset SET is_shown = true WHERE id IN (
        SELECT n.id FROM newt n JOIN routing_register r ON r.id = n.register_id AND r.community_id = n.community_id
        WHERE r.is_on_map AND NOT n.is_shown
            AND n.valid_from <= r.map_day AND (n.valid_to IS NULL OR n.valid_to > r.map_day));
    RETURN NULL;
END $$;
CREATE TRIGGER asset_is_shown_if AFTER INSERT ON routing_asset REFERENCING NEW TABLE AS newt
    FOR EACH STATEMENT EXECUTE FUNCTION routing_new_things_are_shown();

-- Whoever is writing a thing now has read the old answer: the lock waits for them, so that none is left behind.
CREATE FUNCTION routing_register_is_shown_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE routing_asset IN SHARE ROW EXCLUSIVE MODE;
    UPDATE routing_asset SET is_shown = NOT is_shown
    WHERE register_id = NEW.id AND community_id = NEW.community_id AND is_shown <> (
        NEW.is_on_map AND valid_from <= NEW.map_day AND (valid_to IS NULL OR valid_to > NEW.map_day));
    RETURN NULL;
END $$;
CREATE TRIGGER asset_follows_its_register AFTER UPDATE OF is_on_map, map_day ON routing_register
    FOR EACH ROW WHEN ((OLD.is_on_map OR NEW.is_on_map)
        AND (OLD.is_on_map <> NEW.is_on_map OR OLD.map_day IS DISTINCT FROM NEW.map_day))
    EXECUTE FUNCTION routing_register_is_shown_otherwise();
"""
COPIES_BACK = """
DROP FUNCTION routing_register_is_shown_otherwise() CASCADE;
DROP FUNCTION routing_new_things_are_shown() CASCADE;
DROP FUNCTION routing_copy_what_is_shown() CASCADE;
"""
COUNT = "SELECT geodata_count_layer(2::smallint, 'routing_asset', 'register_id', 'starts_at');"
COUNT_BACK = "SELECT geodata_stop_counting(2::smallint);"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("geodata", "0011_changes_that_no_count_feels"),
        ("routing", "0017_questions_of_kinds"),
    ]

    operations = [
        migrations.AddField(
            model_name="asset",
            name="changed_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="changed"
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="is_shown",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="register",
            name="is_on_map",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Everybody sees its things on the map of the community: place, name, number and keeper, never the other attributes. A thing without a name and a number is called by its key.",
                verbose_name="on the map",
            ),
        ),
        migrations.AddField(
            model_name="register",
            name="map_day",
            field=models.DateField(blank=True, editable=False, null=True, verbose_name="the map shows it as of"),
        ),
        migrations.AddConstraint(
            model_name="register",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_on_map", False), ("map_day__isnull", False), _connector="OR"),
                name="register_on_map_has_a_day",
            ),
        ),
        migrations.RunSQL(MIDDAY, MIDDAY_BACK),
        migrations.RunSQL(COPIES, COPIES_BACK),
        migrations.AddField(
            model_name="asset",
            name="starts_at",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Func(
                    models.F("valid_from"), function="routing_midday", output_field=models.DateTimeField()
                ),
                output_field=models.DateTimeField(),
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="map_code",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("is_shown", True)),
                        then=models.Func(
                            models.Func(
                                models.F("geometry"),
                                function="geodata_anchor",
                                output_field=django.contrib.gis.db.models.fields.PointField(srid=4326),
                            ),
                            function="geodata_code",
                            output_field=models.BigIntegerField(),
                        ),
                    ),
                    default=None,
                    output_field=models.BigIntegerField(),
                ),
                output_field=models.BigIntegerField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="map_group",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(models.Q(("is_shown", True)), then=models.Value(4)),
                    default=None,
                    output_field=models.SmallIntegerField(),
                ),
                output_field=models.SmallIntegerField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="map_x",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("is_shown", True)),
                        then=models.Func(
                            models.Func(
                                models.F("geometry"),
                                function="geodata_anchor",
                                output_field=django.contrib.gis.db.models.fields.PointField(srid=4326),
                            ),
                            function="geodata_grid_x",
                            output_field=models.IntegerField(),
                        ),
                    ),
                    default=None,
                    output_field=models.IntegerField(),
                ),
                output_field=models.IntegerField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="asset",
            name="map_y",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("is_shown", True)),
                        then=models.Func(
                            models.Func(
                                models.F("geometry"),
                                function="geodata_anchor",
                                output_field=django.contrib.gis.db.models.fields.PointField(srid=4326),
                            ),
                            function="geodata_grid_y",
                            output_field=models.IntegerField(),
                        ),
                    ),
                    default=None,
                    output_field=models.IntegerField(),
                ),
                output_field=models.IntegerField(null=True),
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "map_group", "map_code"],
                include=("register", "map_x", "map_y", "starts_at", "id"),
                name="asset_in_a_square",
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "register", "map_group", "map_code"],
                include=("map_x", "map_y", "starts_at", "id"),
                name="asset_of_register_in_a_square",
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "starts_at", "id"],
                include=("register", "map_group", "map_x", "map_y"),
                name="asset_newest_on_the_map",
            ),
        ),
        migrations.AddIndex(
            model_name="asset",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    models.Case(
                        models.When(name="", number="", then=models.F("key")),
                        models.When(name="", then=models.F("number")),
                        models.When(number="", then=models.F("name")),
                        default=django.db.models.functions.text.Concat("name", models.Value(", "), "number"),
                        output_field=models.TextField(),
                    ),
                    function="geodata_words",
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                ),
                condition=models.Q(("map_group__isnull", False)),
                name="asset_words",
            ),
        ),
        migrations.RunSQL(COUNT, COUNT_BACK),
    ]
