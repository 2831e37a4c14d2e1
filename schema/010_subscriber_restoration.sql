-- Another S-CSCF takes a subscription over when its own does not answer (SR-REG-53..58, CX-32, CX-38).

ALTER TABLE subscriber.assignment
    ADD COLUMN generation bigint NOT NULL DEFAULT 0,
    ADD COLUMN reassign_from text,
    ADD COLUMN reassign_until timestamptz;
COMMENT ON COLUMN subscriber.assignment.generation IS 'Grows whenever another S-CSCF is named; a write of one that holds an older one changes nothing (SR-REG-55)';
COMMENT ON COLUMN subscriber.assignment.reassign_from IS 'The S-CSCF that did not answer: while it is named, another may take the subscription over (CX-38); NULL: none';
COMMENT ON COLUMN subscriber.assignment.reassign_until IS 'Until when another may take it over';

CREATE OR REPLACE VIEW subscriber.served AS
    SELECT a.subscription_id, a.server_name,
           EXISTS (SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                   WHERE i.subscription_id = a.subscription_id AND b.expires > now()) AS registered,
           a.generation,
           coalesce(a.reassign_from = a.server_name AND a.reassign_until > now(), false) AS reassignable
    FROM subscriber.assignment a
    WHERE a.server_name IS NOT NULL
      AND (a.pending_until > now()
           OR EXISTS (SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                      WHERE i.subscription_id = a.subscription_id AND b.expires > now()));
COMMENT ON COLUMN subscriber.served.generation IS 'Of the assignment';
COMMENT ON COLUMN subscriber.served.reassignable IS 'True: that S-CSCF did not answer, another may take over';

CREATE FUNCTION subscriber.allow_reassignment(public_identity text, failed text) RETURNS void LANGUAGE sql AS $$
    UPDATE subscriber.assignment a SET reassign_from = failed, reassign_until = now() + interval '30 seconds'
        WHERE a.subscription_id = (SELECT i.subscription_id FROM subscriber.public_identity u
                                   JOIN subscriber.implicit_set i ON i.id = u.set_id
                                   WHERE u.uri = allow_reassignment.public_identity)
          AND a.server_name = failed
$$;
COMMENT ON FUNCTION subscriber.allow_reassignment(text, text) IS
    'UAR and LIR of type REGISTRATION_AND_CAPABILITIES: the S-CSCF `failed` did not answer; nothing happens when another is assigned by now (CX-38)';

-- Everybody who held the subscription hears of it (SR-REG-56).
CREATE FUNCTION subscriber.tell_taken_over() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('subscriber_taken_over', jsonb_build_object('from', OLD.server_name, 'to', NEW.server_name,
        'generation', NEW.generation, 'sets', (SELECT jsonb_agg(i.id) FROM subscriber.implicit_set i
                                               WHERE i.subscription_id = NEW.subscription_id))::text);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION subscriber.tell_taken_over() IS 'Trigger: notifies subscriber_taken_over with {from, to, generation, sets}';
CREATE TRIGGER tell_taken_over AFTER UPDATE ON subscriber.assignment FOR EACH ROW
    WHEN (OLD.server_name IS NOT NULL AND NEW.server_name IS NOT NULL AND OLD.server_name <> NEW.server_name)
    EXECUTE FUNCTION subscriber.tell_taken_over();
COMMENT ON TRIGGER tell_taken_over ON subscriber.assignment IS 'Another S-CSCF serves the subscription';

CREATE OR REPLACE FUNCTION subscriber.users(sets bigint[])
RETURNS TABLE (set_id bigint, subscription_id bigint, profile jsonb, bindings jsonb) LANGUAGE sql STABLE AS $$
    SELECT i.id, i.subscription_id,
        jsonb_build_object(
            'set', i.id,
            'generation', (SELECT a.generation FROM subscriber.assignment a
                           WHERE a.subscription_id = i.subscription_id),
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

DROP FUNCTION subscriber.read_user(text);
CREATE FUNCTION subscriber.read_user(
    public_identity text, OUT server_name text, OUT reassignable boolean, OUT profile jsonb, OUT bindings jsonb
) RETURNS SETOF record LANGUAGE sql STABLE AS $$
    SELECT s.server_name, coalesce(s.reassignable, false), d.profile, d.bindings
    FROM subscriber.users((SELECT array_agg(u.set_id) FROM subscriber.public_identity u
                           WHERE u.uri = read_user.public_identity)) d
    LEFT JOIN subscriber.served s ON s.subscription_id = d.subscription_id
$$;
COMMENT ON FUNCTION subscriber.read_user(text) IS 'A user who is not loaded (SR-REG-54, SR-REG-58); no row: unknown';

CREATE FUNCTION subscriber.lost(server text, held jsonb) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT (h.value ->> 0)::bigint FROM jsonb_array_elements(held) h
    LEFT JOIN subscriber.implicit_set i ON i.id = (h.value ->> 0)::bigint
    LEFT JOIN subscriber.assignment a ON a.subscription_id = i.subscription_id
    WHERE a.server_name <> server OR a.generation <> (h.value ->> 1)::bigint OR i.id IS NULL
$$;
COMMENT ON FUNCTION subscriber.lost(text, jsonb) IS
    'Which of the sets that an S-CSCF holds others serve by now (SR-REG-56). Array of [set, generation]';

DROP FUNCTION subscriber.authentication(text, text, text, text);
CREATE FUNCTION subscriber.authentication(
    public_identity text, private_identity text, scheme text, server text,
    OUT result text, OUT chosen text, OUT realm text, OUT ha1 text, OUT ha1_sha256 text, OUT server_name text,
    OUT to_be_noted boolean, OUT registered boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    known subscriber.private_identity;
    owner bigint;
    held subscriber.served;
    pending timestamptz;
BEGIN
    SELECT p.* INTO known FROM subscriber.private_identity p WHERE p.name = authentication.private_identity;
    SELECT i.subscription_id INTO owner FROM subscriber.public_identity u
        JOIN subscriber.implicit_set i ON i.id = u.set_id WHERE u.uri = authentication.public_identity;
    chosen := CASE WHEN known.ha1 IS NULL AND known.ha1_sha256 IS NULL THEN 'digest_aka_v1_md5' ELSE 'sip_digest' END;
    IF known.name IS NULL OR owner IS NULL THEN
        result := 'user_unknown';
        RETURN;
    ELSIF known.subscription_id <> owner THEN
        result := 'identities_dont_match';
        RETURN;
    ELSIF scheme NOT IN ('unknown', chosen) THEN
        result := 'auth_scheme_not_supported';
        RETURN;
    END IF;
    SELECT s.* INTO held FROM subscriber.served s WHERE s.subscription_id = owner;
    registered := coalesce(held.registered, false);
    IF registered AND held.server_name <> server AND NOT held.reassignable THEN
        result := 'identity_already_registered';
        server_name := held.server_name;
        RETURN;
    END IF;
    SELECT a.pending_until INTO pending FROM subscriber.assignment a WHERE a.subscription_id = owner;
    to_be_noted := held.server_name IS DISTINCT FROM server
        OR NOT (registered OR pending > now() + interval '4 minutes');
    result := 'success';
    realm := known.realm;
    ha1 := known.ha1;
    ha1_sha256 := known.ha1_sha256;
END
$$;
COMMENT ON FUNCTION subscriber.authentication(text, text, text, text) IS
    'MAR: the scheme, with SIP Digest realm and HA1 (CX-42), with AKA subscriber.issue_aka gives the rest. to_be_noted: subscriber.await_authentication has to follow. registered: contacts live';

CREATE OR REPLACE FUNCTION subscriber.await_authentication(requests jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Losing this in a crash costs one more challenge: the commit need not wait for the disk.
    PERFORM set_config('synchronous_commit', 'off', true);
    PERFORM FROM subscriber.assignment a WHERE a.subscription_id IN (
            SELECT i.subscription_id FROM jsonb_to_recordset(requests) AS r (public_identity text)
            JOIN subscriber.public_identity u ON u.uri = r.public_identity
            JOIN subscriber.implicit_set i ON i.id = u.set_id)
        ORDER BY a.subscription_id FOR UPDATE;
    UPDATE subscriber.assignment a SET
            server_name = wanted.server, pending_until = now() + interval '5 minutes',
            generation = a.generation + (a.server_name IS DISTINCT FROM wanted.server)::integer,
            reassign_from = NULL, reassign_until = NULL
        FROM (SELECT DISTINCT ON (i.subscription_id) i.subscription_id, r.server
              FROM jsonb_to_recordset(requests) AS r (public_identity text, server text, position integer)
              JOIN subscriber.public_identity u ON u.uri = r.public_identity
              JOIN subscriber.implicit_set i ON i.id = u.set_id
              ORDER BY i.subscription_id, r.position DESC) wanted
        WHERE a.subscription_id = wanted.subscription_id
          AND NOT EXISTS (SELECT FROM subscriber.served s WHERE s.subscription_id = a.subscription_id AND s.registered
                          AND NOT (s.server_name <> wanted.server AND s.reassignable));
END
$$;
COMMENT ON FUNCTION subscriber.await_authentication(jsonb) IS
    'MAR, second half: the answer to the challenge must come to the same S-CSCF (CX-31, IR-REG-10); where another may take over, this is the take-over (CX-38). Array of {position, public_identity, server}';

CREATE OR REPLACE FUNCTION subscriber.assign_round(requests jsonb)
RETURNS TABLE ("position" integer, result text, server_name text, set_id bigint) LANGUAGE plpgsql AS $$
DECLARE
    judged jsonb;
BEGIN
    -- The same order in every transaction: two S-CSCFs wait for each other, never in a circle.
    PERFORM FROM subscriber.assignment a WHERE a.subscription_id IN (
            SELECT (r.value ->> 'subscription')::bigint FROM jsonb_array_elements(requests) r)
        ORDER BY a.subscription_id FOR UPDATE;

    -- SR-REG-55: who is not named, or holds another generation, changes nothing; unless the one that is named did not
    -- answer (CX-38), and never by ending a registration.
    SELECT jsonb_agg(r.value || jsonb_build_object('other', s.server_name, 'result',
        CASE WHEN r.value ->> 'set_id' IS NULL THEN 'user_unknown'
             WHEN r.value ->> 'private_identity' <> '' AND p.name IS NULL THEN 'user_unknown'
             WHEN p.subscription_id <> (r.value ->> 'subscription')::bigint THEN 'identities_dont_match'
             WHEN s.server_name IS NOT NULL
                  AND (r.value ->> 'kind' <> 'register' OR coalesce((r.value ->> 'generation')::bigint, 0) <> 0
                       OR NOT s.reassignable) THEN 'identity_already_registered'
             WHEN r.value ->> 'kind' = 'register' AND NOT EXISTS (
                 SELECT FROM subscriber.public_identity u
                 WHERE u.set_id = (r.value ->> 'set_id')::bigint AND NOT u.barred) THEN 'authorization_rejected'
             ELSE 'success' END)) INTO judged
        FROM jsonb_array_elements(requests) r
        LEFT JOIN subscriber.private_identity p ON p.name = r.value ->> 'private_identity'
        LEFT JOIN subscriber.served s ON s.subscription_id = (r.value ->> 'subscription')::bigint
            AND (s.server_name <> r.value ->> 'server'
                 OR coalesce((r.value ->> 'generation')::bigint, 0) NOT IN (0, s.generation));

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
        SET server_name = now_serves.name, pending_until = NULL, reassign_from = NULL, reassign_until = NULL,
            generation = a.generation
                + (now_serves.name IS NOT NULL AND a.server_name IS DISTINCT FROM now_serves.name)::integer
        FROM jsonb_array_elements(judged) j,
             LATERAL (SELECT CASE WHEN EXISTS (
                          SELECT FROM subscriber.implicit_set i JOIN subscriber.binding b ON b.set_id = i.id
                          WHERE i.subscription_id = (j.value ->> 'subscription')::bigint AND b.expires > now())
                      THEN j.value ->> 'server' END AS name) now_serves
        WHERE a.subscription_id = (j.value ->> 'subscription')::bigint AND j.value ->> 'result' = 'success'
          AND (a.pending_until IS NOT NULL OR a.reassign_until IS NOT NULL
               OR a.server_name IS DISTINCT FROM now_serves.name);

    RETURN QUERY SELECT (j.value ->> 'position')::integer, j.value ->> 'result', j.value ->> 'other',
                        (j.value ->> 'set_id')::bigint
        FROM jsonb_array_elements(judged) j;
END
$$;
COMMENT ON FUNCTION subscriber.assign(jsonb) IS
    'SAR of many users in one transaction (CX-32, CX-33, SR-REG-51, SR-REG-55). Array of {position, kind: register|deregister|authentication_over, public_identity, private_identity, server, generation: 0 when none is held, want_profile, store: [binding], remove: [[private identity, contact]]}';

-- Replacing a function forgets its settings.
ALTER FUNCTION subscriber.await_authentication SET enable_seqscan = off;
ALTER FUNCTION subscriber.await_authentication SET enable_hashjoin = off;
ALTER FUNCTION subscriber.await_authentication SET enable_mergejoin = off;

REVOKE EXECUTE ON FUNCTION subscriber.allow_reassignment, subscriber.tell_taken_over, subscriber.read_user,
    subscriber.lost, subscriber.authentication FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscriber.allow_reassignment, subscriber.read_user, subscriber.lost,
    subscriber.authentication TO isthmus_admin, isthmus_core;
