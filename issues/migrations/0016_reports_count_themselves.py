import django.contrib.gis.db.models.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.functions.text
from django.db import migrations, models

# What strangers see of a place: itself, or the middle of its cell of a constant grid (issues.blur.COARSE_GRID).
PLACE = """
CREATE FUNCTION issues_public_place(place geometry, is_coarse boolean) RETURNS geometry
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN is_coarse THEN ST_SetSRID(ST_MakePoint(
        (floor(ST_X(place) / 0.01) + 0.5) * 0.01, (floor(ST_Y(place) / 0.01) + 0.5) * 0.01), 4326) ELSE place END
$$;
"""
PLACE_BACK = "DROP FUNCTION issues_public_place(geometry, boolean);"

# A report keeps copies of what decides how strangers see it. They are read anew whenever they, the subject or the category
# are written, so that no old copy can be saved over a newer one.
COPIES = """
CREATE FUNCTION issues_copy_what_is_seen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT visibility INTO STRICT NEW.subject_visibility FROM core_subject WHERE id = NEW.subject_id;
    SELECT is_sensitive INTO STRICT NEW.place_is_sensitive FROM routing_category WHERE id = NEW.category_id;
    RETURN NEW;
EXCEPTION WHEN no_data_found THEN
    -- The foreign key is checked at the end and will refuse the row; until then strangers see nothing of it.
    NEW.subject_visibility := '';
    RETURN NEW;
END $$;
CREATE TRIGGER issue_copies_what_is_seen BEFORE INSERT OR UPDATE OF
    subject_visibility, place_is_sensitive, subject_id, category_id ON issues_issue
    FOR EACH ROW EXECUTE FUNCTION issues_copy_what_is_seen();

CREATE FUNCTION issues_subject_is_seen_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE issues_issue i SET subject_visibility = s.visibility
    FROM newt s JOIN oldt o ON o.id = s.id
    WHERE i.subject_id = s.id AND s.visibility <> o.visibility;
    RETURN NULL;
END $$;
CREATE TRIGGER issue_follows_its_subject AFTER UPDATE ON core_subject
    REFERENCING OLD TABLE AS oldt NEW TABLE AS newt
    FOR EACH STATEMENT EXECUTE FUNCTION issues_subject_is_seen_otherwise();

-- Whoever is writing a report now has read the old answer: the lock waits for them, so that none is left exact.
CREATE FUNCTION issues_category_is_seen_otherwise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE issues_issue IN SHARE ROW EXCLUSIVE MODE;
    UPDATE issues_issue SET place_is_sensitive = NEW.is_sensitive
    WHERE category_id = NEW.id AND place_is_sensitive <> NEW.is_sensitive;
    RETURN NULL;
END $$;
CREATE TRIGGER issue_follows_its_category AFTER UPDATE OF is_sensitive ON routing_category
    FOR EACH ROW WHEN (OLD.is_sensitive <> NEW.is_sensitive) EXECUTE FUNCTION issues_category_is_seen_otherwise();
"""
COPIES_BACK = """
DROP FUNCTION issues_category_is_seen_otherwise() CASCADE;
DROP FUNCTION issues_subject_is_seen_otherwise() CASCADE;
DROP FUNCTION issues_copy_what_is_seen() CASCADE;
"""
FILL = "UPDATE issues_issue SET subject_visibility = subject_visibility;"
COUNT = "SELECT geodata_count_layer(1::smallint, 'issues_issue', 'category_id', 'created_at');"
COUNT_BACK = "SELECT geodata_stop_counting(1::smallint);"


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0004_limits"),
        ("geodata", "0008_cells"),
        ("issues", "0015_what_supporters_add"),
        ("routing", "0017_questions_of_kinds"),
    ]

    operations = [
        migrations.RunSQL(PLACE, PLACE_BACK),
        migrations.AddField(
            model_name="issue",
            name="place_is_sensitive",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="issue",
            name="subject_visibility",
            field=models.CharField(db_default="", default="", editable=False, max_length=10),
        ),
        migrations.RunSQL(COPIES, COPIES_BACK),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AddField(
            model_name="issue",
            name="map_code",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("subject_visibility__in", ("public", "coarse"))),
                        then=models.Func(
                            models.Func(
                                models.F("location"),
                                models.Case(
                                    models.When(
                                        models.Q(
                                            ("subject_visibility", "coarse"),
                                            ("place_is_sensitive", True),
                                            _connector="OR",
                                        ),
                                        then=models.Value(True),
                                    ),
                                    default=models.Value(False),
                                    output_field=models.BooleanField(),
                                ),
                                function="issues_public_place",
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
            model_name="issue",
            name="map_group",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(
                            ("subject_visibility__in", ("public", "coarse")),
                            ("state__in", ["new", "accepted", "reopened"]),
                        ),
                        then=models.Value(0),
                    ),
                    models.When(
                        models.Q(
                            ("subject_visibility__in", ("public", "coarse")), ("state__in", ["in_progress", "waiting"])
                        ),
                        then=models.Value(1),
                    ),
                    models.When(
                        models.Q(
                            ("subject_visibility__in", ("public", "coarse")), ("state__in", ["done", "confirmed"])
                        ),
                        then=models.Value(2),
                    ),
                    models.When(
                        models.Q(
                            ("subject_visibility__in", ("public", "coarse")),
                            ("state__in", ["rejected", "withdrawn", "duplicate"]),
                        ),
                        then=models.Value(3),
                    ),
                    default=None,
                    output_field=models.SmallIntegerField(),
                ),
                output_field=models.SmallIntegerField(null=True),
            ),
        ),
        migrations.AddField(
            model_name="issue",
            name="map_x",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("subject_visibility__in", ("public", "coarse"))),
                        then=models.Func(
                            models.Func(
                                models.F("location"),
                                models.Case(
                                    models.When(
                                        models.Q(
                                            ("subject_visibility", "coarse"),
                                            ("place_is_sensitive", True),
                                            _connector="OR",
                                        ),
                                        then=models.Value(True),
                                    ),
                                    default=models.Value(False),
                                    output_field=models.BooleanField(),
                                ),
                                function="issues_public_place",
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
            model_name="issue",
            name="map_y",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(
                        models.Q(("subject_visibility__in", ("public", "coarse"))),
                        then=models.Func(
                            models.Func(
                                models.F("location"),
                                models.Case(
                                    models.When(
                                        models.Q(
                                            ("subject_visibility", "coarse"),
                                            ("place_is_sensitive", True),
                                            _connector="OR",
                                        ),
                                        then=models.Value(True),
                                    ),
                                    default=models.Value(False),
                                    output_field=models.BooleanField(),
                                ),
                                function="issues_public_place",
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
            model_name="issue",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "map_group", "map_code"],
                include=("category", "map_x", "map_y", "created_at", "id"),
                name="issue_in_a_square",
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "category", "map_group", "map_code"],
                include=("map_x", "map_y", "created_at", "id"),
                name="issue_of_kind_in_a_square",
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(
                condition=models.Q(("map_group__isnull", False)),
                fields=["community", "created_at", "id"],
                include=("category", "map_group", "map_x", "map_y"),
                name="issue_newest_on_the_map",
            ),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=django.contrib.postgres.indexes.GinIndex(
                models.Func(
                    django.db.models.functions.text.Concat("title", models.Value(" "), "text", output_field=models.TextField()),
                    function="geodata_words",
                    output_field=django.contrib.postgres.search.SearchVectorField(),
                ),
                name="issue_words",
            ),
        ),
        migrations.RunSQL(COUNT, COUNT_BACK),
    ]
