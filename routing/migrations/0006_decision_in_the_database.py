from django.db import migrations

# What lies around a point, as one function: its plan is kept by the session, and planning cost three quarters of the
# time. `OFFSET 0` keeps the planner from turning a look-up by index into a scan of all rules, areas or organisations.
# routing.responsibility asks it, routing.judging weighs what it found; see there for what the columns mean.
FORWARD = """
CREATE FUNCTION routing_decide(
    of_community bigint, of_category bigint, lon float8, lat float8, as_of timestamptz, rules_at timestamptz,
    of_ruleset bigint, chosen bigint, excluding bigint[], near float8, doubt float8, areas_on date
) RETURNS TABLE (
    inside boolean, elsewhere json, fallback json, ruleset bigint, areas json, rules json, assets json, owners json
) LANGUAGE plpgsql STABLE PARALLEL SAFE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
DECLARE
    point constant geometry := ST_SetSRID(ST_MakePoint(lon, lat), 4326);
    -- Metres of a degree there, on the WGS 84 ellipsoid: up to 1 km away they are right to 0.2 m. Distances are kept in
    -- whole millimetres, so that two streets through one point are equally far from it.
    bend constant float8 := 1 - 0.00669437999014 * sin(radians(lat)) ^ 2;
    east constant float8 := radians(6378137 / sqrt(bend) * cos(radians(lat)));
    north constant float8 := radians(6378137 * (1 - 0.00669437999014) / bend ^ 1.5);
    here constant geometry := ST_Scale(point, east, north);
    -- Boxes that hold so many metres, a little larger than needed.
    per_lat constant float8 := 1.01 / north;
    per_lon constant float8 := 1.01 / greatest(east, 1000);
    box constant geometry := ST_Expand(point, near * per_lon, near * per_lat);
    zone text;
    moment timestamp;
    day date;
    weekday int;
    clock time;
    is_inside boolean;
    asked_set bigint := of_ruleset;
    other json;
    queue json;
BEGIN
    SELECT c.time_zone, c.boundary IS NULL OR ST_Covers(c.boundary, point),
           (SELECT json_build_object('organisation', o.id, 'organisation_name', o.name)
            FROM routing_communityrouting f JOIN accounts_organisation o ON o.id = f.fallback_id
            WHERE f.community_id = c.id AND o.is_active AND NOT o.id = ANY(excluding))
    INTO zone, is_inside, queue
    FROM geodata_community c WHERE c.id = of_community;
    IF NOT is_inside THEN
        SELECT json_build_object('slug', c.slug, 'name', c.name, 'name_en', c.name_en) INTO other
        FROM geodata_community c WHERE c.id <> of_community AND ST_Covers(c.boundary, point) ORDER BY c.id LIMIT 1;
    END IF;
    IF asked_set IS NULL THEN  -- the set in force at that moment; before all of them, the first
        SELECT s.id INTO asked_set FROM routing_ruleset s
        WHERE s.community_id = of_community AND s.in_force_from <= rules_at
        ORDER BY s.in_force_from DESC LIMIT 1;
        IF asked_set IS NULL THEN
            SELECT s.id INTO asked_set FROM routing_ruleset s
            WHERE s.community_id = of_community AND s.in_force_from IS NOT NULL
            ORDER BY s.in_force_from LIMIT 1;
        END IF;
    END IF;
    moment := as_of AT TIME ZONE zone;
    day := moment::date;
    weekday := extract(isodow FROM moment);
    clock := moment::time;
    areas_on := coalesce(areas_on, day);
    RETURN QUERY
    WITH around AS MATERIALIZED (
        SELECT a.id, a.division_id, a.code, a.name, a.division, a.covers,
               CASE WHEN a.covers THEN 0
                    ELSE round(1000 * ST_Distance(ST_Scale(a.boundary, east, north), here)) / 1000 END AS metres
        FROM (
            SELECT a.id, a.division_id, a.code, a.name, a.boundary, ST_Covers(a.boundary, point) AS covers,
                   (SELECT d.code FROM geodata_division d WHERE d.id = a.division_id) AS division
            FROM geodata_area a
            WHERE a.boundary && box AND a.community_id = of_community
              AND a.valid_from <= areas_on AND (a.valid_to IS NULL OR a.valid_to > areas_on)
            OFFSET 0
        ) a
    ), placed AS MATERIALIZED (
        SELECT r.*, NULL::text AS division, NULL::text AS area, true AS covers, 0::float8 AS metres
        FROM routing_rule r
        WHERE r.ruleset_id = asked_set AND r.is_active AND r.division_id IS NULL
          AND (r.category_id IS NULL OR r.category_id = of_category)
        UNION ALL
        (
            SELECT DISTINCT ON (r.id) r.*, a.division, a.name, a.covers, a.metres
            FROM around a CROSS JOIN LATERAL (
                SELECT * FROM routing_rule r
                WHERE r.ruleset_id = asked_set AND r.is_active AND r.division_id = a.division_id
                  AND r.area_code = ANY(ARRAY[a.code, '']) AND (r.category_id IS NULL OR r.category_id = of_category)
                OFFSET 0
            ) r
            WHERE a.metres <= near
            ORDER BY r.id, a.metres, a.code
        )
    ), nearby AS MATERIALIZED (
        SELECT t.* FROM (
            SELECT r.register_id, bool_or(r.asks = 'inside') AS asks_inside, greatest(max(r.within), doubt) AS reach
            FROM placed r WHERE r.asks IN ('inside', 'nearest') AND r.covers GROUP BY r.register_id
        ) g CROSS JOIN LATERAL (
            SELECT t.register_id, t.id, t.key, t.name, t.number, t.keeper_id AS organisation, false AS is_chosen,
                   g.asks_inside AND ST_Covers(t.geometry, point) AS holds,
                   round(1000 * ST_Distance(ST_Scale(t.geometry, east, north), here)) / 1000 AS metres
            FROM routing_asset t
            WHERE t.register_id = g.register_id
              AND t.geometry && ST_Expand(point, g.reach * per_lon, g.reach * per_lat)
              AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to > day)
            OFFSET 0
        ) t
        UNION ALL
        SELECT t.register_id, t.id, t.key, t.name, t.number, t.keeper_id, true, false, 0
        FROM routing_asset t
        WHERE t.id = chosen AND t.valid_from <= day AND (t.valid_to IS NULL OR t.valid_to > day)
    )
    SELECT is_inside, other, queue, asked_set,
        (SELECT json_agg(json_build_object('id', id, 'division', division, 'code', code, 'name', name)
                         ORDER BY division, code) FROM around WHERE covers),
        (SELECT json_agg(row_to_json(r)) FROM (
            SELECT r.id AS rule, r.lineage, r.role, r.category_id IS NOT NULL AS category, r.division_id, r.division,
                   r.area_code, r.area, r.priority, r.register_id, r.asks, r.within, r.answers, r.weekdays,
                   CASE WHEN r.asks <> '' THEN (
                       SELECT g.code FROM routing_register g WHERE g.id = r.register_id) END AS register,
                   r.hours_from, r.hours_to, r.valid_from, r.valid_to, r.organisation_id AS organisation,
                   r.covers, r.metres,
                   (cardinality(r.weekdays) = 0 OR weekday = ANY(r.weekdays))
                   AND (r.hours_from IS NULL
                        OR CASE WHEN r.hours_from < r.hours_to THEN clock >= r.hours_from AND clock < r.hours_to
                                ELSE clock >= r.hours_from OR clock < r.hours_to END) AS hours_fit,
                   (r.valid_from IS NULL OR r.valid_from <= day)
                   AND (r.valid_to IS NULL OR r.valid_to > day) AS dates_fit
            FROM placed r
        ) r),
        (SELECT json_agg(row_to_json(t)) FROM nearby t),
        (SELECT json_agg(row_to_json(o)) FROM (
            SELECT o.id, o.name, o.is_active FROM accounts_organisation o
            WHERE o.id = ANY(ARRAY(SELECT organisation_id FROM placed UNION ALL SELECT organisation FROM nearby))
        ) o);
END $$;
"""
BACKWARD = """
DROP FUNCTION routing_decide(
    bigint, bigint, float8, float8, timestamptz, timestamptz, bigint, bigint, bigint[], float8, float8, date
);
"""


class Migration(migrations.Migration):
    dependencies = [("routing", "0005_first_sets_of_rules"), ("geodata", "0002_time_zone_is_known")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
