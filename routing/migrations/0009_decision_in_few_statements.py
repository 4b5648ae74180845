from importlib import import_module

from django.db import migrations, models
from django.db.models.functions import Coalesce

# What lies around a point, as one JSON document: its plans are kept by the session. Most of the time goes into starting
# statements and into writing JSON, so there are four small ones, and each runs only when the one before found something
# to ask. One scan of an index reads all registers; what rules say of hours, dates and answers is weighed in Python.
# routing.responsibility asks it, routing.judging weighs what it found; see there for what the names mean.
FORWARD = """
CREATE FUNCTION routing_decide(
    of_community bigint, of_category bigint, lon float8, lat float8, places_on date, rules_at timestamptz,
    of_ruleset bigint, picked bigint, near float8, doubt float8
) RETURNS json LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    point geometry;
    east float8;   -- metres of a degree there, on the WGS 84 ellipsoid: up to 1 km away they are right to 0.2 m
    north float8;
    here geometry;
    is_inside boolean;
    fallback bigint;
    asked_set bigint;
    areas json;
    divisions bigint[];
    codes text[];
    elsewhere json;
    rules json;
    registers bigint[];
    far_registers bigint[];
    farthest float8;
    owners bigint[];
    assets json;
    chosen json;
    document json;
BEGIN
    -- Distances are kept in whole millimetres, so that two streets through one point are equally far from it. Boxes hold
    -- so many metres and a little more.
    SELECT g.point, g.east, g.north, g.here, c.boundary IS NULL OR ST_Covers(c.boundary, g.point),
           (SELECT f.fallback_id FROM routing_communityrouting f WHERE f.community_id = c.id),
           coalesce(of_ruleset, (SELECT s.id FROM routing_ruleset s
                                 WHERE s.community_id = c.id AND s.in_force_from <= rules_at
                                 ORDER BY s.in_force_from DESC LIMIT 1)),
           a.areas, a.divisions, a.codes
    INTO point, east, north, here, is_inside, fallback, asked_set, areas, divisions, codes
    FROM (
        SELECT p.point, p.east, p.north, ST_Scale(p.point, p.east, p.north) AS here
        FROM (
            SELECT ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS point,
                   greatest(radians(6378137 / sqrt(b.bend) * cos(radians(lat))), 1000) AS east,
                   radians(6378137 * (1 - 0.00669437999014) / b.bend ^ 1.5) AS north
            FROM (SELECT 1 - 0.00669437999014 * sin(radians(lat)) ^ 2 AS bend OFFSET 0) b
            OFFSET 0
        ) p
        OFFSET 0
    ) g CROSS JOIN geodata_community c CROSS JOIN LATERAL (
        SELECT json_agg(a) AS areas, array_agg(a.division_id) || 0::bigint AS divisions,
               array_agg(a.code) || ''::text AS codes
        FROM (
            SELECT a.id, a.division_id, (SELECT d.code FROM geodata_division d WHERE d.id = a.division_id) AS division,
                   a.code, a.name, ST_Covers(a.boundary, g.point) AS covers,
                   round(1000 * ST_Distance(ST_Scale(ST_Boundary(a.boundary), g.east, g.north), g.here)) / 1000
                   AS metres
            FROM geodata_area a
            WHERE a.boundary && ST_Expand(g.point, near * 1.01 / g.east, near * 1.01 / g.north)
              AND a.community_id = of_community
              AND a.valid_from <= places_on AND (a.valid_to IS NULL OR a.valid_to > places_on)
        ) a
    ) a
    WHERE c.id = of_community;
    IF NOT is_inside THEN
        SELECT json_build_object('slug', c.slug, 'name', c.name, 'name_en', c.name_en) INTO elsewhere
        FROM geodata_community c WHERE c.id <> of_community AND ST_Covers(c.boundary, point) ORDER BY c.id LIMIT 1;
    END IF;
    IF asked_set IS NULL THEN  -- before all sets, the first
        SELECT s.id INTO asked_set FROM routing_ruleset s
        WHERE s.community_id = of_community AND s.in_force_from IS NOT NULL
        ORDER BY s.in_force_from LIMIT 1;
    END IF;
    SELECT json_agg(r), array_agg(r.organisation),
           array_agg(CASE WHEN r.asks IN ('inside', 'nearest') THEN r.register_id END),
           array_agg(CASE WHEN r.within > doubt THEN r.register_id END),
           max(CASE WHEN r.asks IN ('inside', 'nearest') THEN greatest(r.within, doubt) END)
    INTO rules, owners, registers, far_registers, farthest
    FROM (
        SELECT r.id AS rule, r.lineage, r.role, r.category_id, r.division_id, r.area_code, r.priority, r.register_id,
               CASE WHEN r.asks <> '' THEN (
                   SELECT g.code FROM routing_register g WHERE g.id = r.register_id) END AS register,
               r.asks, r.within, r.answers, r.weekdays, r.hours_from, r.hours_to, r.valid_from, r.valid_to,
               r.organisation_id AS organisation
        FROM routing_rule r
        WHERE r.ruleset_id = asked_set AND r.is_active
          AND coalesce(r.division_id, 0) = ANY(coalesce(divisions, ARRAY[0::bigint]))
          AND r.area_code = ANY(coalesce(codes, ARRAY[''::text]))
          AND (r.category_id IS NULL OR r.category_id = of_category)
    ) r;
    IF farthest IS NOT NULL THEN
        SELECT json_agg(t), owners || array_agg(t.organisation) INTO assets, owners
        FROM (
            SELECT t.register_id, t.id, t.key, t.name, t.number, t.keeper_id AS organisation, t.metres, t.holds,
                   CASE WHEN t.holds AND ST_Dimension(t.geometry) = 2 THEN
                       round(1000 * ST_Distance(ST_Scale(ST_Boundary(t.geometry), east, north), here)) / 1000
                   END AS edge
            FROM (
                SELECT t.*, t.metres = 0 AND ST_Covers(t.geometry, point) AS holds
                FROM (
                    SELECT t.register_id, t.id, t.key, t.name, t.number, t.keeper_id, t.geometry,
                           round(1000 * ST_Distance(ST_Scale(t.geometry, east, north), here)) / 1000 AS metres
                    FROM routing_asset t
                    WHERE t.geometry && ST_Expand(point, farthest * 1.01 / east, farthest * 1.01 / north)
                      AND t.register_id = ANY(registers)
                      AND (farthest = doubt OR t.register_id = ANY(far_registers)
                           OR t.geometry && ST_Expand(point, doubt * 1.01 / east, doubt * 1.01 / north))
                      AND t.valid_from <= places_on AND (t.valid_to IS NULL OR t.valid_to > places_on)
                    OFFSET 0
                ) t
                OFFSET 0
            ) t
        ) t;
    END IF;
    IF picked IS NOT NULL THEN  -- its version of that day; when there is none, the last that it was
        SELECT row_to_json(t), owners || t.organisation INTO chosen, owners
        FROM (
            SELECT p.register_id, p.id, p.key, p.name, p.number, p.keeper_id AS organisation FROM routing_asset p
            WHERE p.id = picked AND p.valid_from <= places_on AND (p.valid_to IS NULL OR p.valid_to > places_on)
            UNION ALL
            SELECT t.register_id, t.id, t.key, t.name, t.number, t.keeper_id
            FROM routing_asset p JOIN routing_asset t ON t.register_id = p.register_id AND t.key = p.key
            WHERE p.id = picked AND t.valid_from <= places_on AND (t.valid_to IS NULL OR t.valid_to > places_on)
            UNION ALL
            SELECT p.register_id, p.id, p.key, p.name, p.number, p.keeper_id FROM routing_asset p
            WHERE p.id = picked AND p.valid_from <= places_on
            LIMIT 1
        ) t;
    END IF;
    SELECT json_build_object(
        'inside', is_inside, 'elsewhere', elsewhere, 'fallback', fallback, 'ruleset', asked_set, 'areas', areas,
        'rules', rules, 'assets', assets, 'chosen', chosen, 'owners', json_agg(o)
    ) INTO document
    FROM (
        SELECT o.id, o.name, o.edrpou, o.is_active FROM accounts_organisation o WHERE o.id = ANY(owners || fallback)
    ) o;
    RETURN document;
END $$;
"""
BACKWARD = """
DROP FUNCTION routing_decide(
    bigint, bigint, float8, float8, date, timestamptz, bigint, bigint, float8, float8
);
"""
before = import_module("routing.migrations.0006_decision_in_the_database")


class Migration(migrations.Migration):
    dependencies = [("routing", "0008_findings_about_rules"), ("geodata", "0002_time_zone_is_known")]
    operations = [
        migrations.RemoveIndex("rule", "rule_of_a_place"),
        migrations.AddIndex(
            "rule",
            models.Index(
                models.F("ruleset"),
                Coalesce("division", 0),
                models.F("area_code"),
                condition=models.Q(("is_active", True)),
                name="rule_of_a_place",
            ),
        ),
        migrations.RunSQL(before.BACKWARD, before.FORWARD),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
