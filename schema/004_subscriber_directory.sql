-- What the programs ask, in the shape of Cx: UAR, LIR, MAR, SAR (cx.md sections 2, 6). Results are named as there.

-- A subscription is served while a contact of it lives or an authentication is awaited.
CREATE VIEW subscriber.served AS
    SELECT a.subscription_id, a.server_name,
           EXISTS (SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                   WHERE i.subscription_id = a.subscription_id AND b.expires > now()) AS registered
    FROM subscriber.assignment a
    WHERE a.server_name IS NOT NULL
      AND (a.pending_until > now()
           OR EXISTS (SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                      WHERE i.subscription_id = a.subscription_id AND b.expires > now()));
COMMENT ON VIEW subscriber.served IS 'Subscriptions that an S-CSCF serves now';
COMMENT ON COLUMN subscriber.served.subscription_id IS 'The subscription';
COMMENT ON COLUMN subscriber.served.server_name IS 'SIP URI of its S-CSCF';
COMMENT ON COLUMN subscriber.served.registered IS 'False: only an authentication is awaited';

CREATE FUNCTION subscriber.authorise(
    public_identity text, private_identity text, visited_network text, kind text, emergency boolean,
    OUT result text, OUT server_name text, OUT mandatory integer[], OUT optional integer[]
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    owner subscriber.subscription;
    impi_subscription bigint;
    usable boolean;
BEGIN
    SELECT s.* INTO owner FROM subscriber.public_identity u
        JOIN subscriber.implicit_set i ON i.id = u.set_id
        JOIN subscriber.subscription s ON s.id = i.subscription_id
        WHERE u.uri = authorise.public_identity;
    SELECT p.subscription_id INTO impi_subscription FROM subscriber.private_identity p
        WHERE p.name = authorise.private_identity;
    IF owner.id IS NULL OR impi_subscription IS NULL THEN
        result := 'user_unknown';
        RETURN;
    ELSIF impi_subscription <> owner.id THEN
        result := 'identities_dont_match';
        RETURN;
    END IF;
    -- A barred identity may be registered with if its set has another one (SR-REG-25).
    SELECT bool_or(NOT o.barred) INTO usable FROM subscriber.public_identity u
        JOIN subscriber.public_identity o ON o.set_id = u.set_id WHERE u.uri = authorise.public_identity;
    IF NOT usable AND NOT emergency THEN
        result := 'authorization_rejected';
        RETURN;
    END IF;
    IF kind <> 'de_registration' AND NOT emergency AND owner.visited_networks IS NOT NULL
       AND NOT EXISTS (SELECT FROM unnest(owner.visited_networks) v WHERE lower(v) = lower(visited_network))
       AND NOT EXISTS (SELECT FROM subscriber.home_domain h WHERE h.domain = lower(visited_network)) THEN
        result := 'roaming_not_allowed';
        RETURN;
    END IF;
    SELECT s.server_name INTO server_name FROM subscriber.served s WHERE s.subscription_id = owner.id;
    IF kind = 'de_registration' THEN
        result := CASE WHEN server_name IS NULL THEN 'identity_not_registered' ELSE 'success' END;
    ELSE
        result := CASE WHEN server_name IS NULL THEN 'first_registration' ELSE 'subsequent_registration' END;
    END IF;
    IF server_name IS NULL OR kind = 'registration_and_capabilities' THEN
        mandatory := owner.mandatory_capabilities;
        optional := owner.optional_capabilities;
    END IF;
END
$$;
COMMENT ON FUNCTION subscriber.authorise(text, text, text, text, boolean) IS
    'UAR: may this pair of identities register from that network, and with which S-CSCF (CX-30, CX-72). kind: registration, de_registration, registration_and_capabilities';

CREATE FUNCTION subscriber.locate(
    public_identity text, originating boolean, with_capabilities boolean,
    OUT result text, OUT server_name text, OUT mandatory integer[], OUT optional integer[]
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    owner subscriber.subscription;
    live boolean;
BEGIN
    SELECT s.* INTO owner FROM subscriber.public_identity u
        JOIN subscriber.implicit_set i ON i.id = u.set_id
        JOIN subscriber.subscription s ON s.id = i.subscription_id
        WHERE u.uri = locate.public_identity;
    IF owner.id IS NULL THEN
        result := 'user_unknown';
        RETURN;
    END IF;
    -- Registered is a matter of the set, for an originating request of the subscription (CX-72).
    SELECT EXISTS (SELECT FROM subscriber.public_identity u JOIN subscriber.binding b ON b.set_id = u.set_id
                   WHERE u.uri = locate.public_identity AND b.expires > now()) INTO live;
    SELECT s.server_name INTO server_name FROM subscriber.served s
        WHERE s.subscription_id = owner.id AND s.registered AND (live OR originating);
    result := CASE WHEN server_name IS NULL THEN 'identity_not_registered' ELSE 'success' END;
    IF with_capabilities THEN
        mandatory := owner.mandatory_capabilities;
        optional := owner.optional_capabilities;
    END IF;
END
$$;
COMMENT ON FUNCTION subscriber.locate(text, boolean, boolean) IS 'LIR: which S-CSCF serves this identity (CX-72)';

CREATE FUNCTION subscriber.authentication(
    public_identity text, private_identity text, scheme text, server text,
    OUT result text, OUT realm text, OUT ha1 text, OUT server_name text, OUT to_be_noted boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    known subscriber.private_identity;
    owner bigint;
    pending timestamptz;
BEGIN
    SELECT p.* INTO known FROM subscriber.private_identity p WHERE p.name = authentication.private_identity;
    SELECT i.subscription_id INTO owner FROM subscriber.public_identity u
        JOIN subscriber.implicit_set i ON i.id = u.set_id WHERE u.uri = authentication.public_identity;
    IF known.name IS NULL OR owner IS NULL THEN
        result := 'user_unknown';
        RETURN;
    ELSIF known.subscription_id <> owner THEN
        result := 'identities_dont_match';
        RETURN;
    ELSIF scheme NOT IN ('unknown', 'sip_digest') THEN
        result := 'auth_scheme_not_supported';
        RETURN;
    END IF;
    SELECT s.server_name INTO server_name FROM subscriber.served s
        WHERE s.subscription_id = owner AND s.registered AND s.server_name <> server;
    IF server_name IS NOT NULL THEN
        result := 'identity_already_registered';
        RETURN;
    END IF;
    SELECT a.pending_until INTO pending FROM subscriber.assignment a
        WHERE a.subscription_id = owner AND a.server_name = server;
    to_be_noted := NOT EXISTS (SELECT FROM subscriber.served s WHERE s.subscription_id = owner
                               AND s.server_name = server
                               AND (s.registered OR pending > now() + interval '4 minutes'));
    result := 'success';
    realm := known.realm;
    ha1 := known.ha1;
END
$$;
COMMENT ON FUNCTION subscriber.authentication(text, text, text, text) IS
    'MAR: realm and HA1 for SIP Digest (CX-42). to_be_noted: subscriber.await_authentication has to follow';

CREATE FUNCTION subscriber.await_authentication(requests jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Losing this in a crash costs one more challenge: the commit need not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM FROM subscriber.assignment a WHERE a.subscription_id IN (
            SELECT i.subscription_id FROM jsonb_to_recordset(requests) AS r (public_identity text)
            JOIN subscriber.public_identity u ON u.uri = r.public_identity
            JOIN subscriber.implicit_set i ON i.id = u.set_id)
        ORDER BY a.subscription_id FOR UPDATE;
    UPDATE subscriber.assignment a SET server_name = wanted.server, pending_until = now() + interval '5 minutes'
        FROM (SELECT DISTINCT ON (i.subscription_id) i.subscription_id, r.server
              FROM jsonb_to_recordset(requests) AS r (public_identity text, server text, position integer)
              JOIN subscriber.public_identity u ON u.uri = r.public_identity
              JOIN subscriber.implicit_set i ON i.id = u.set_id
              ORDER BY i.subscription_id, r.position DESC) wanted
        WHERE a.subscription_id = wanted.subscription_id
          AND NOT EXISTS (SELECT FROM subscriber.served s WHERE s.subscription_id = a.subscription_id AND s.registered);
END
$$;
COMMENT ON FUNCTION subscriber.await_authentication(jsonb) IS
    'MAR, second half: the answer to the challenge must come to the same S-CSCF (CX-31, IR-REG-10). Array of {position, public_identity, server}';

CREATE FUNCTION subscriber.users(sets bigint[])
RETURNS TABLE (set_id bigint, subscription_id bigint, profile jsonb, bindings jsonb) LANGUAGE sql STABLE AS $$
    SELECT i.id, i.subscription_id,
        jsonb_build_object(
            'set', i.id,
            'identities', (SELECT jsonb_agg(jsonb_build_array(u.uri, u.barred) ORDER BY u.position)
                           FROM subscriber.public_identity u WHERE u.set_id = i.id),
            'private', (SELECT jsonb_agg(jsonb_build_array(p.name, p.ue_class) ORDER BY p.name)
                        FROM subscriber.private_identity p WHERE p.subscription_id = i.subscription_id),
            'ccf', to_jsonb(s.charging_collection),
            'ecf', to_jsonb(s.charging_event)),
        (SELECT coalesce(jsonb_agg(to_jsonb(b) - 'set_id' - 'expires'
                             || jsonb_build_object('expires_ms', (extract(epoch FROM b.expires) * 1000)::bigint)
                             ORDER BY b.private_identity, b.contact), '[]')
         FROM subscriber.binding b WHERE b.set_id = i.id AND b.expires > now())
    FROM unnest(sets) AS wanted (id)
    JOIN subscriber.implicit_set i ON i.id = wanted.id
    JOIN subscriber.subscription s ON s.id = i.subscription_id
$$;
COMMENT ON FUNCTION subscriber.users(bigint[]) IS 'Profiles and live contacts of implicit sets, as the programs read them';

CREATE FUNCTION subscriber.read_user(public_identity text, OUT server_name text, OUT profile jsonb, OUT bindings jsonb)
RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT (SELECT s.server_name FROM subscriber.served s WHERE s.subscription_id = d.subscription_id),
           d.profile, d.bindings
    FROM subscriber.users((SELECT array_agg(u.set_id) FROM subscriber.public_identity u
                           WHERE u.uri = read_user.public_identity)) d
$$;
COMMENT ON FUNCTION subscriber.read_user(text) IS 'A user who is not loaded yet (SR-REG-58); no row: unknown';

CREATE FUNCTION subscriber.load_bindings(server text, after bigint, most integer)
RETURNS TABLE (set_id bigint, profile jsonb, bindings jsonb) LANGUAGE sql STABLE AS $$
    SELECT d.set_id, d.profile, d.bindings
    FROM subscriber.users(ARRAY(
        SELECT i.id FROM subscriber.implicit_set i JOIN subscriber.assignment a ON a.subscription_id = i.subscription_id
        WHERE a.server_name = server AND i.id > after
          AND EXISTS (SELECT FROM subscriber.binding b WHERE b.set_id = i.id AND b.expires > now())
        ORDER BY i.id LIMIT most)) d
    ORDER BY d.set_id
$$;
COMMENT ON FUNCTION subscriber.load_bindings(text, bigint, integer) IS
    'After a restart: sets with live contacts that this S-CSCF serves, a page at a time (SR-REG-58)';

-- One round: no subscription occurs twice in it, so that each statement may handle all requests at once.
CREATE FUNCTION subscriber.assign_round(requests jsonb)
RETURNS TABLE ("position" integer, result text, server_name text, set_id bigint) LANGUAGE plpgsql AS $$
DECLARE
    judged jsonb;
BEGIN
    -- The same order in every transaction: two S-CSCFs wait for each other, never in a circle.
    PERFORM FROM subscriber.assignment a WHERE a.subscription_id IN (
            SELECT (r.value ->> 'subscription')::bigint FROM jsonb_array_elements(requests) r)
        ORDER BY a.subscription_id FOR UPDATE;

    SELECT jsonb_agg(r.value || jsonb_build_object('other', s.server_name, 'result',
        CASE WHEN r.value ->> 'set_id' IS NULL THEN 'user_unknown'
             WHEN r.value ->> 'private_identity' <> '' AND p.name IS NULL THEN 'user_unknown'
             WHEN p.subscription_id <> (r.value ->> 'subscription')::bigint THEN 'identities_dont_match'
             WHEN s.server_name IS NOT NULL THEN 'identity_already_registered'
             WHEN r.value ->> 'kind' = 'register' AND NOT EXISTS (
                 SELECT FROM subscriber.public_identity u
                 WHERE u.set_id = (r.value ->> 'set_id')::bigint AND NOT u.barred) THEN 'authorization_rejected'
             ELSE 'success' END)) INTO judged
        FROM jsonb_array_elements(requests) r
        LEFT JOIN subscriber.private_identity p ON p.name = r.value ->> 'private_identity'
        LEFT JOIN subscriber.served s ON s.subscription_id = (r.value ->> 'subscription')::bigint
            AND s.server_name <> r.value ->> 'server';

    DELETE FROM subscriber.binding b USING jsonb_array_elements(judged) j
        WHERE j.value ->> 'result' = 'success' AND b.set_id = (j.value ->> 'set_id')::bigint
          AND (j.value ->> 'kind' = 'deregister'
               OR b.expires <= now()
               OR EXISTS (SELECT FROM jsonb_array_elements(j.value -> 'remove') gone
                          WHERE gone.value ->> 0 = b.private_identity AND gone.value ->> 1 = b.contact));

    INSERT INTO subscriber.binding AS b
        SELECT (j.value ->> 'set_id')::bigint, n.private_identity, n.contact, n.contact_params, n.path,
               to_timestamp(n.expires_ms / 1000.0), n.call_id, n.cseq, n.q, n.instance, n.registered_identity,
               n.visited_network, n.user_agent, n.icid, n.orig_ioi
        FROM jsonb_array_elements(judged) j,
             jsonb_to_recordset(j.value -> 'store') AS n (private_identity text, contact text, contact_params text,
                 path text[], expires_ms bigint, call_id text, cseq bigint, q text, instance text,
                 registered_identity text, visited_network text, user_agent text, icid text, orig_ioi text)
        WHERE j.value ->> 'result' = 'success' AND j.value ->> 'kind' = 'register'
        ON CONFLICT ON CONSTRAINT binding_pkey DO UPDATE SET
            contact_params = excluded.contact_params, path = excluded.path, expires = excluded.expires,
            call_id = excluded.call_id, cseq = excluded.cseq, q = excluded.q, instance = excluded.instance,
            registered_identity = excluded.registered_identity, visited_network = excluded.visited_network,
            user_agent = excluded.user_agent, icid = excluded.icid, orig_ioi = excluded.orig_ioi;

    -- Nothing live is left: nobody serves the subscription any more (CX-33).
    UPDATE subscriber.assignment a
        SET server_name = CASE WHEN live.live THEN j.value ->> 'server' END, pending_until = NULL
        FROM jsonb_array_elements(judged) j,
             LATERAL (SELECT EXISTS (SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                                     WHERE i.subscription_id = (j.value ->> 'subscription')::bigint
                                       AND b.expires > now()) AS live) live
        WHERE a.subscription_id = (j.value ->> 'subscription')::bigint AND j.value ->> 'result' = 'success'
          AND (a.pending_until IS NOT NULL
               OR a.server_name IS DISTINCT FROM CASE WHEN live.live THEN j.value ->> 'server' END);

    RETURN QUERY SELECT (j.value ->> 'position')::integer, j.value ->> 'result', j.value ->> 'other',
                        (j.value ->> 'set_id')::bigint
        FROM jsonb_array_elements(judged) j;
END
$$;
COMMENT ON FUNCTION subscriber.assign_round(jsonb) IS 'Part of subscriber.assign';

CREATE FUNCTION subscriber.assign(requests jsonb)
RETURNS TABLE ("position" integer, result text, server_name text, profile jsonb, bindings jsonb) LANGUAGE plpgsql AS $$
DECLARE
    round jsonb;
    done jsonb;
BEGIN
    FOR round IN
        SELECT jsonb_agg(numbered.request ORDER BY numbered.place) FROM (
            SELECT r.value || jsonb_build_object('set_id', u.set_id, 'subscription', i.subscription_id) AS request,
                   (r.value ->> 'position')::integer AS place,
                   row_number() OVER (PARTITION BY i.subscription_id ORDER BY (r.value ->> 'position')::integer) AS turn
            FROM jsonb_array_elements(requests) r
            LEFT JOIN subscriber.public_identity u ON u.uri = r.value ->> 'public_identity'
            LEFT JOIN subscriber.implicit_set i ON i.id = u.set_id) numbered
        GROUP BY numbered.turn ORDER BY numbered.turn
    LOOP
        SELECT jsonb_agg(to_jsonb(d)) INTO done FROM subscriber.assign_round(round) d;
        -- A statement of its own, so that it sees what the round stored.
        RETURN QUERY
            SELECT d.position, d.result, d.server_name, u.profile, u.bindings
            FROM jsonb_to_recordset(done) AS d ("position" integer, result text, server_name text, set_id bigint)
            LEFT JOIN subscriber.users(ARRAY(
                SELECT (asked.value ->> 'set_id')::bigint FROM jsonb_array_elements(round) asked
                WHERE (asked.value ->> 'want_profile')::boolean)) u ON u.set_id = d.set_id AND d.result = 'success';
    END LOOP;
END
$$;
COMMENT ON FUNCTION subscriber.assign(jsonb) IS
    'SAR of many users in one transaction (CX-32, CX-33, SR-REG-51). Array of {position, kind: register|deregister|authentication_over, public_identity, private_identity, server, want_profile, store: [binding], remove: [[private identity, contact]]}';

-- The planner takes any array of requests for a hundred of them and would then read whole tables for one. A registration
-- costs the same whatever it believes: always by index.
ALTER FUNCTION subscriber.await_authentication SET enable_seqscan = off;
ALTER FUNCTION subscriber.await_authentication SET enable_hashjoin = off;
ALTER FUNCTION subscriber.await_authentication SET enable_mergejoin = off;
ALTER FUNCTION subscriber.assign SET enable_seqscan = off;
ALTER FUNCTION subscriber.assign SET enable_hashjoin = off;
ALTER FUNCTION subscriber.assign SET enable_mergejoin = off;
ALTER FUNCTION subscriber.load_bindings SET enable_seqscan = off;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriber FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriber TO isthmus_admin;
GRANT EXECUTE ON FUNCTION subscriber.authorise, subscriber.locate, subscriber.authentication,
    subscriber.await_authentication, subscriber.users, subscriber.read_user, subscriber.load_bindings,
    subscriber.assign_round, subscriber.assign TO isthmus_core;
GRANT SELECT ON subscriber.served TO isthmus_core, isthmus_admin, isthmus_reader;
