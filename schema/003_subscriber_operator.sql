-- What an operator calls: add and remove users, home domains, S-CSCFs. Each refusal says what to write instead.
CREATE FUNCTION subscriber.add_home_domain(domain text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text := rtrim(lower(btrim(add_home_domain.domain)), '.');
BEGIN
    IF wanted !~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$' THEN
        RAISE EXCEPTION 'home domain "%" is not a domain name: write it like ims.example.net', add_home_domain.domain
            USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO subscriber.home_domain VALUES (wanted) ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION subscriber.add_home_domain(text) IS 'Declares a domain as ours: SELECT subscriber.add_home_domain(''ims.example.net'')';

CREATE FUNCTION subscriber.add_server(name text, capabilities integer[] DEFAULT '{}', priority integer DEFAULT 0,
                                      weight integer DEFAULT 1) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF add_server.name !~ '^sip:[^@<>; ]+(;transport=(udp|tcp))?$' THEN
        RAISE EXCEPTION 'S-CSCF name "%" is not a SIP URI of a host: write it like sip:scscf1.example.net:5060',
            add_server.name USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO subscriber.server AS known
        VALUES (add_server.name, add_server.capabilities, add_server.priority, add_server.weight)
        ON CONFLICT ON CONSTRAINT server_pkey DO UPDATE
        SET capabilities = excluded.capabilities, priority = excluded.priority, weight = excluded.weight;
END
$$;
COMMENT ON FUNCTION subscriber.add_server(text, integer[], integer, integer) IS
    'Adds an S-CSCF, or changes the one of that name: SELECT subscriber.add_server(''sip:scscf1.example.net:5060'')';

CREATE FUNCTION subscriber.canonical_identity(identity text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plain text := btrim(identity);
    parts text[];
BEGIN
    IF plain ~* '^tel:' THEN
        plain := 'tel:' || regexp_replace(substr(plain, 5), '[-.() ]', '', 'g');
        IF plain !~ '^tel:\+[0-9]{3,15}$' THEN
            RAISE EXCEPTION 'telephone identity "%" is not a global number: write it like tel:+15551001', identity
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN plain;
    END IF;
    parts := regexp_match(plain, '^sip:([^@ <>;?]+)@([A-Za-z0-9.-]+)$', 'i');
    IF parts IS NULL THEN
        RAISE EXCEPTION 'public identity "%" is not a plain URI: write it like sip:alice@ims.example.net or tel:+15551001',
            identity USING ERRCODE = 'check_violation';
    END IF;
    RETURN 'sip:' || parts[1] || '@' || rtrim(lower(parts[2]), '.');
END
$$;
COMMENT ON FUNCTION subscriber.canonical_identity(text) IS 'The form in which public identities are stored and compared (CX-36)';

CREATE FUNCTION subscriber.add(
    name text,
    domain text,
    password text,
    tel text DEFAULT NULL,
    identities text[] DEFAULT '{}',
    private_identity text DEFAULT NULL,
    realm text DEFAULT NULL,
    ue_class text DEFAULT NULL,
    visited_networks text[] DEFAULT NULL,
    mandatory_capabilities integer[] DEFAULT '{}',
    optional_capabilities integer[] DEFAULT '{}',
    note text DEFAULT ''
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    home text := rtrim(lower(btrim(add.domain)), '.');
    impi text := coalesce(add.private_identity, add.name || '@' || home);
    used_realm text := coalesce(add.realm, home);
    subscription bigint;
    implicit bigint;
    uris text[];
    taken text;
BEGIN
    IF coalesce(add.password, '') = '' THEN
        RAISE EXCEPTION 'the password of % is empty: write one', impi USING ERRCODE = 'check_violation';
    END IF;
    IF NOT EXISTS (SELECT FROM subscriber.home_domain h WHERE h.domain = home) THEN
        RAISE EXCEPTION '"%" is no home domain: SELECT subscriber.add_home_domain(''%'') first', home, home
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    IF add.ue_class NOT IN ('rel5', 'rel6', 'plain') THEN
        RAISE EXCEPTION 'UE class "%" is unknown: write rel5, rel6 or plain, or leave it out', add.ue_class
            USING ERRCODE = 'check_violation';
    END IF;
    uris := ARRAY['sip:' || add.name || '@' || home];
    IF add.tel IS NOT NULL THEN
        uris := uris || (CASE WHEN add.tel ~* '^tel:' THEN add.tel ELSE 'tel:' || add.tel END);
    END IF;
    SELECT array_agg(subscriber.canonical_identity(u.uri) ORDER BY u.place) INTO uris
        FROM unnest(uris || add.identities) WITH ORDINALITY AS u (uri, place);
    SELECT p.uri INTO taken FROM subscriber.public_identity p WHERE p.uri = ANY (uris) LIMIT 1;
    IF taken IS NOT NULL THEN
        RAISE EXCEPTION 'public identity % belongs to somebody already: SELECT subscriber.remove(''%'') first, or write another',
            taken, taken USING ERRCODE = 'unique_violation';
    END IF;
    IF EXISTS (SELECT FROM subscriber.private_identity p WHERE p.name = impi) THEN
        RAISE EXCEPTION 'private identity % exists already: SELECT subscriber.remove(''%'') first, or write another',
            impi, impi USING ERRCODE = 'unique_violation';
    END IF;
    INSERT INTO subscriber.subscription (mandatory_capabilities, optional_capabilities, visited_networks, note)
        VALUES (add.mandatory_capabilities, add.optional_capabilities, add.visited_networks, add.note)
        RETURNING id INTO subscription;
    INSERT INTO subscriber.private_identity (name, subscription_id, realm, ha1, ue_class)
        VALUES (impi, subscription, used_realm, md5(impi || ':' || used_realm || ':' || add.password), add.ue_class);
    INSERT INTO subscriber.implicit_set (subscription_id) VALUES (subscription) RETURNING id INTO implicit;
    INSERT INTO subscriber.public_identity (uri, set_id, position)
        SELECT u.uri, implicit, min(u.place) FROM unnest(uris) WITH ORDINALITY AS u (uri, place) GROUP BY u.uri;
    RETURN subscription;
END
$$;
COMMENT ON FUNCTION subscriber.add(text, text, text, text, text[], text, text, text, text[], integer[], integer[], text) IS
    'Adds a user with one private identity and one implicit set: SELECT subscriber.add(''alice'', ''ims.example.net'', ''secret'', tel => ''+15551001''). The password is kept as HA1 only. Returns the subscription';

CREATE FUNCTION subscriber.remove(identity text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone bigint;
BEGIN
    DELETE FROM subscriber.subscription s WHERE s.id = (
        SELECT p.subscription_id FROM subscriber.private_identity p WHERE p.name = remove.identity
        UNION
        SELECT i.subscription_id FROM subscriber.public_identity u JOIN subscriber.implicit_set i ON i.id = u.set_id
            WHERE u.uri = remove.identity
        LIMIT 1)
        RETURNING s.id INTO gone;
    IF gone IS NULL THEN
        RAISE EXCEPTION 'nobody is called "%": write a private identity (alice@ims.example.net) or a public one (sip:alice@ims.example.net, tel:+15551001)',
            remove.identity USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION subscriber.remove(text) IS
    'Removes the subscription that a private or public identity belongs to, with its identities and contacts: SELECT subscriber.remove(''sip:alice@ims.example.net'')';

CREATE FUNCTION subscriber.set_password(private_identity text, password text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(set_password.password, '') = '' THEN
        RAISE EXCEPTION 'the password of % is empty: write one', set_password.private_identity
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE subscriber.private_identity p SET ha1 = md5(p.name || ':' || p.realm || ':' || set_password.password)
        WHERE p.name = set_password.private_identity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no private identity "%": write one like alice@ims.example.net',
            set_password.private_identity USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION subscriber.set_password(text, text) IS 'Gives a private identity another password';

-- Functions are everybody's until said otherwise; these change data, so they are the operator's.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriber FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriber TO isthmus_admin;
