-- What a private identity authenticates by: a password (HA1 by MD5, by SHA-256, or both) or the key of its card (AKA,
-- cx.md sections 7 and 9).
CREATE EXTENSION IF NOT EXISTS pgcrypto; -- AES, to make OPc of OP

ALTER TABLE subscriber.private_identity ALTER COLUMN ha1 DROP NOT NULL;
ALTER TABLE subscriber.private_identity ADD COLUMN ha1_sha256 text,
    ADD CONSTRAINT ha1_sha256_is_64_lower_hex_digits CHECK (ha1_sha256 ~ '^[0-9a-f]{64}$');
COMMENT ON COLUMN subscriber.private_identity.ha1 IS
    'MD5(name:realm:password); the password itself is never stored (CX-42). NULL with ha1_sha256 NULL: see subscriber.aka';
COMMENT ON COLUMN subscriber.private_identity.ha1_sha256 IS
    'SHA-256(name:realm:password); a user who has it is offered SHA-256 first (SR-REG-06). NULL: MD5 only';

CREATE TABLE subscriber.aka (
    private_identity text PRIMARY KEY REFERENCES subscriber.private_identity ON UPDATE CASCADE ON DELETE CASCADE,
    k bytea NOT NULL,
    opc bytea NOT NULL,
    amf bytea NOT NULL,
    sqn bigint NOT NULL,
    CONSTRAINT k_is_16_octets CHECK (length(k) = 16),
    CONSTRAINT opc_is_16_octets CHECK (length(opc) = 16),
    CONSTRAINT amf_is_2_octets CHECK (length(amf) = 2),
    CONSTRAINT sqn_fits_48_bits CHECK (sqn BETWEEN 0 AND 281474976710655)
) WITH (fillfactor = 70);
COMMENT ON TABLE subscriber.aka IS
    'What the directory shares with a subscriber''s card (CX-72). k and opc are for subscriber.issue_aka and subscriber.aka_secret alone';
COMMENT ON COLUMN subscriber.aka.private_identity IS 'Whose card it is';
COMMENT ON COLUMN subscriber.aka.k IS 'The key, 16 octets';
COMMENT ON COLUMN subscriber.aka.opc IS 'OPc of Milenage, 16 octets';
COMMENT ON COLUMN subscriber.aka.amf IS 'Authentication management field, 2 octets';
COMMENT ON COLUMN subscriber.aka.sqn IS 'The sequence number issued last: 43 bits SEQ, 5 bits IND (CX-60)';
-- Who writes keys need not read them: an operator sees neither k nor opc.
GRANT SELECT (private_identity, amf, sqn) ON subscriber.aka TO isthmus_admin, isthmus_reader;
GRANT INSERT, UPDATE, DELETE ON subscriber.aka TO isthmus_admin;

-- --- for operators ---

-- A refusal says how much was given, never what: messages end in logs.
CREATE FUNCTION subscriber.hex_octets(what text, given text, octets integer, example text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plain text := regexp_replace(regexp_replace(given, '\s', '', 'g'), '^0[xX]', '');
BEGIN
    IF plain !~ '^[0-9A-Fa-f]*$' OR length(plain) <> octets * 2 THEN
        RAISE EXCEPTION '% is not % hex digits (% characters were given): write it like %',
            what, octets * 2, length(plain), example USING ERRCODE = 'check_violation';
    END IF;
    RETURN decode(plain, 'hex');
END
$$;
COMMENT ON FUNCTION subscriber.hex_octets(text, text, integer, text) IS 'Reads a key as operators write it';

CREATE FUNCTION subscriber.opc_of(k bytea, op bytea) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    result bytea;
BEGIN
    -- pgcrypto lives where the database's owner put it.
    EXECUTE (SELECT format('SELECT %s.encrypt($1, $2, ''aes-ecb/pad:none'')', e.extnamespace::regnamespace)
             FROM pg_extension e WHERE e.extname = 'pgcrypto') INTO result USING op, k;
    FOR i IN 0..15 LOOP
        result := set_byte(result, i, get_byte(result, i) # get_byte(op, i));
    END LOOP;
    RETURN result;
END
$$;
COMMENT ON FUNCTION subscriber.opc_of(bytea, bytea) IS 'OPc = OP xor E_K(OP) (cx.md section 9)';

CREATE FUNCTION subscriber.set_aka(private_identity text, k text, opc text DEFAULT NULL, op text DEFAULT NULL,
                                   amf text DEFAULT '8000', sqn bigint DEFAULT 0) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    new_k bytea := subscriber.hex_octets('k', set_aka.k, 16, '465b5ce8b199b49faa5f0a2ee238a6bc');
    new_opc bytea;
BEGIN
    IF set_aka.k IS NULL THEN
        RAISE EXCEPTION 'k of % is missing: write the card''s key, 32 hex digits', set_aka.private_identity
            USING ERRCODE = 'check_violation';
    ELSIF (set_aka.opc IS NULL) = (set_aka.op IS NULL) THEN
        RAISE EXCEPTION 'write either opc or op for %, 32 hex digits: opc is the card''s own, op the network''s',
            set_aka.private_identity USING ERRCODE = 'check_violation';
    ELSIF set_aka.sqn NOT BETWEEN 0 AND 281474976710655 THEN
        RAISE EXCEPTION 'sqn % does not fit in 48 bits: leave it out, the card tells where it is', set_aka.sqn
            USING ERRCODE = 'check_violation';
    END IF;
    new_opc := coalesce(subscriber.hex_octets('opc', set_aka.opc, 16, 'cd63cb71954a9f4e48a5994e37a02baf'),
        subscriber.opc_of(new_k, subscriber.hex_octets('op', set_aka.op, 16, 'cdc202d5123e20f62b6d676ac72cb318')));
    UPDATE subscriber.private_identity p SET ha1 = NULL, ha1_sha256 = NULL WHERE p.name = set_aka.private_identity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no private identity "%": write one like alice@ims.example.net',
            set_aka.private_identity USING ERRCODE = 'no_data_found';
    END IF;
    -- Not ON CONFLICT: that needs the right to read what is replaced.
    DELETE FROM subscriber.aka a WHERE a.private_identity = set_aka.private_identity;
    INSERT INTO subscriber.aka (private_identity, k, opc, amf, sqn)
        VALUES (set_aka.private_identity, new_k, new_opc, subscriber.hex_octets('amf', set_aka.amf, 2, '8000'),
                set_aka.sqn);
END
$$;
COMMENT ON FUNCTION subscriber.set_aka(text, text, text, text, text, bigint) IS
    'Gives a private identity the key of a card in place of what it had: SELECT subscriber.set_aka(''alice@ims.example.net'', k => ''465b5c...'', opc => ''cd63cb...''). With op in place of opc OPc is made of it; OP is not kept';

DROP FUNCTION subscriber.set_password(text, text);
CREATE FUNCTION subscriber.set_password(private_identity text, password text, digest text DEFAULT 'md5')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(set_password.password, '') = '' THEN
        RAISE EXCEPTION 'the password of % is empty: write one', set_password.private_identity
            USING ERRCODE = 'check_violation';
    ELSIF coalesce(set_password.digest, '') NOT IN ('md5', 'md5+sha256', 'sha256') THEN
        RAISE EXCEPTION 'digest "%" is unknown: write md5, md5+sha256 or sha256', set_password.digest
            USING ERRCODE = 'check_violation';
    END IF;
    UPDATE subscriber.private_identity p SET
            ha1 = CASE WHEN set_password.digest <> 'sha256' THEN
                md5(p.name || ':' || p.realm || ':' || set_password.password) END,
            ha1_sha256 = CASE WHEN set_password.digest <> 'md5' THEN
                encode(sha256(convert_to(p.name || ':' || p.realm || ':' || set_password.password, 'UTF8')), 'hex') END
        WHERE p.name = set_password.private_identity;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no private identity "%": write one like alice@ims.example.net',
            set_password.private_identity USING ERRCODE = 'no_data_found';
    END IF;
    DELETE FROM subscriber.aka a WHERE a.private_identity = set_password.private_identity;
END
$$;
COMMENT ON FUNCTION subscriber.set_password(text, text, text) IS
    'Gives a private identity another password, in place of a card''s key too. digest: md5, md5+sha256 (both are offered, SHA-256 first) or sha256';

DROP FUNCTION subscriber.add(text, text, text, text, text[], text, text, text, text[], integer[], integer[], text);
CREATE FUNCTION subscriber.add(
    name text,
    domain text,
    password text DEFAULT NULL,
    tel text DEFAULT NULL,
    identities text[] DEFAULT '{}',
    private_identity text DEFAULT NULL,
    realm text DEFAULT NULL,
    ue_class text DEFAULT NULL,
    visited_networks text[] DEFAULT NULL,
    mandatory_capabilities integer[] DEFAULT '{}',
    optional_capabilities integer[] DEFAULT '{}',
    note text DEFAULT '',
    digest text DEFAULT 'md5',
    k text DEFAULT NULL,
    opc text DEFAULT NULL,
    op text DEFAULT NULL,
    amf text DEFAULT '8000'
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    home text := rtrim(lower(btrim(add.domain)), '.');
    impi text := coalesce(add.private_identity, add.name || '@' || home);
    subscription bigint;
    implicit bigint;
    uris text[];
    taken text;
BEGIN
    IF add.k IS NULL AND add.password IS NULL THEN
        RAISE EXCEPTION '% has nothing to authenticate by: write a password, or k and opc for a phone with a card', impi
            USING ERRCODE = 'check_violation';
    ELSIF add.k IS NOT NULL AND add.password IS NOT NULL THEN
        RAISE EXCEPTION '% has a password and a key: write one of them', impi USING ERRCODE = 'check_violation';
    ELSIF add.k IS NULL AND (add.opc IS NOT NULL OR add.op IS NOT NULL) THEN
        RAISE EXCEPTION 'opc or op of % is of no use without k: write the card''s key, 32 hex digits', impi
            USING ERRCODE = 'check_violation';
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
    INSERT INTO subscriber.private_identity (name, subscription_id, realm, ue_class)
        VALUES (impi, subscription, coalesce(add.realm, home), add.ue_class);
    IF add.k IS NULL THEN
        PERFORM subscriber.set_password(impi, add.password, add.digest);
    ELSE
        PERFORM subscriber.set_aka(impi, add.k, add.opc, add.op, add.amf);
    END IF;
    INSERT INTO subscriber.implicit_set (subscription_id) VALUES (subscription) RETURNING id INTO implicit;
    INSERT INTO subscriber.public_identity (uri, set_id, position)
        SELECT u.uri, implicit, min(u.place) FROM unnest(uris) WITH ORDINALITY AS u (uri, place) GROUP BY u.uri;
    RETURN subscription;
END
$$;
COMMENT ON FUNCTION subscriber.add(text, text, text, text, text[], text, text, text, text[], integer[], integer[], text,
                                   text, text, text, text, text) IS
    'Adds a user with one private identity and one implicit set: SELECT subscriber.add(''alice'', ''ims.example.net'', ''secret'', tel => ''+15551001''), or with a card SELECT subscriber.add(''carol'', ''ims.example.net'', k => ''465b5c...'', opc => ''cd63cb...''). A password is kept as HA1 only. Returns the subscription';

-- --- for the programs ---

DROP FUNCTION subscriber.authentication(text, text, text, text);
CREATE FUNCTION subscriber.authentication(
    public_identity text, private_identity text, scheme text, server text,
    OUT result text, OUT chosen text, OUT realm text, OUT ha1 text, OUT ha1_sha256 text, OUT server_name text,
    OUT to_be_noted boolean
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    known subscriber.private_identity;
    owner bigint;
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
    ha1_sha256 := known.ha1_sha256;
END
$$;
COMMENT ON FUNCTION subscriber.authentication(text, text, text, text) IS
    'MAR: the scheme, with SIP Digest realm and HA1 (CX-42), with AKA subscriber.issue_aka gives the rest. to_be_noted: subscriber.await_authentication has to follow';

CREATE FUNCTION subscriber.next_sqn(last bigint, card bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    -- SEQ counts by one, IND goes round. The card's SQN counts only where it would not take the next of ours:
    -- not above its own, or more than 2^28 above (CX-60, CX-61; TS 33.102 6.3.5).
    SELECT ((CASE WHEN card IS NULL OR ((last >> 5) + 1) - (card >> 5) BETWEEN 1 AND 268435456
                  THEN last >> 5 ELSE card >> 5 END + 1) << 5) | ((last + 1) & 31)
$$;
COMMENT ON FUNCTION subscriber.next_sqn(bigint, bigint) IS
    'The sequence number after `last`; `card`: what the card said it has, in a re-synchronisation';

CREATE FUNCTION subscriber.issue_aka(requests jsonb)
RETURNS TABLE ("position" integer, k text, opc text, amf text, sqn bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    -- The same order in every transaction: two S-CSCFs wait for each other, never in a circle.
    FOR asked IN SELECT r."position" AS place, r.private_identity AS whose, r.card_sqn AS card
        FROM jsonb_to_recordset(requests) AS r ("position" integer, private_identity text, card_sqn bigint)
        ORDER BY r.private_identity, r."position"
    LOOP
        UPDATE subscriber.aka a SET sqn = subscriber.next_sqn(a.sqn, asked.card) WHERE a.private_identity = asked.whose
            RETURNING encode(a.k, 'hex'), encode(a.opc, 'hex'), encode(a.amf, 'hex'), a.sqn
            INTO issue_aka.k, issue_aka.opc, issue_aka.amf, issue_aka.sqn;
        IF FOUND THEN
            issue_aka."position" := asked.place;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION subscriber.issue_aka(jsonb) IS
    'What an authentication vector is made of, its sequence number used up with it: no two S-CSCFs get the same (CX-60). Array of {position, private_identity, card_sqn: with a verified AUTS}; no row for who has no card';

CREATE FUNCTION subscriber.aka_secret(private_identity text, OUT k text, OUT opc text)
RETURNS SETOF record LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT encode(a.k, 'hex'), encode(a.opc, 'hex') FROM subscriber.aka a
    WHERE a.private_identity = aka_secret.private_identity
$$;
COMMENT ON FUNCTION subscriber.aka_secret(text) IS 'What an AUTS is verified by (CX-60); no row: no card';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA subscriber FROM PUBLIC;
GRANT EXECUTE ON FUNCTION subscriber.hex_octets, subscriber.opc_of, subscriber.set_aka, subscriber.set_password,
    subscriber.add, subscriber.authentication TO isthmus_admin;
GRANT EXECUTE ON FUNCTION subscriber.authentication, subscriber.issue_aka, subscriber.aka_secret TO isthmus_core;
