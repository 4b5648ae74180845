from django.db import migrations

# What happens is written into the outbox for whoever subscribed to it, in the transaction in which it happens and
# without a question from the program: triggers of the apps above call this. Most communities have no webhook: the first
# question of each trigger is `notifications_is_heard`, one look into a partial index.
#
# A webhook hears what happened since it was confirmed: an imported history is not told.
FORWARD = """
CREATE FUNCTION notifications_is_heard(community bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM notifications_webhook w WHERE w.state = 'active' AND w.community_id = community);
$$;

CREATE FUNCTION notifications_announce(
    community bigint, subject bigint, name text, happened timestamptz, kind text, places text[], fact jsonb
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO core_outboxmessage (
        key, community_id, subject_id, lane, channel, audience, recipient, payload, created_at, due_at, attempts, failure,
        last_error)
    SELECT gen_random_uuid(), community, subject, '3-bulk', 'hook', 'public', w.id::text,
        jsonb_build_object('name', name, 'at', to_char(happened AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            'fact', fact),
        happened, happened, 0, '', ''
    FROM notifications_webhook w JOIN accounts_apiclient c ON c.id = w.client_id AND c.is_active
    WHERE w.state = 'active' AND w.community_id = community AND w.confirmed_at <= happened
      AND (cardinality(w.events) = 0 OR name = ANY (w.events))
      AND (cardinality(w.categories) = 0 OR kind = ANY (w.categories))
      AND (cardinality(w.areas) = 0 OR places && w.areas::text[])
    ORDER BY w.id;
$$;
"""
BACKWARD = """
DROP FUNCTION notifications_announce(bigint, bigint, text, timestamptz, text, text[], jsonb);
DROP FUNCTION notifications_is_heard(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_webhooks")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
