-- More of what a row says: how a retry goes out, what becomes of a redirection, how many calls, and by TLS
-- (IW-RET-01, IW-RTE-03, IW-RTE-06, IW-RTE-11, IW-RES-01, IW-RES-07; T20 of internet-interworking.md section 4).
ALTER TABLE policy.domain_rule
    ADD COLUMN retry_role text NOT NULL DEFAULT 'b2bua',
    ADD COLUMN proxy_may_rewrite_sdp boolean NOT NULL DEFAULT false,
    ADD COLUMN redirect text NOT NULL DEFAULT 'pass',
    ADD COLUMN calls_per_second integer,
    ADD COLUMN calls_per_second_and_subscriber integer,
    ADD CONSTRAINT retry_role_is_proxy_or_b2bua CHECK (retry_role IN ('proxy', 'b2bua')),
    ADD CONSTRAINT redirect_is_pass_or_recurse CHECK (redirect IN ('pass', 'recurse')),
    ADD CONSTRAINT calls_per_second_is_1_to_100000 CHECK (calls_per_second BETWEEN 1 AND 100000),
    ADD CONSTRAINT calls_per_second_and_subscriber_is_1_to_1000 CHECK (calls_per_second_and_subscriber BETWEEN 1 AND 1000),
    DROP CONSTRAINT required_caps_are_known,
    ADD CONSTRAINT required_caps_are_known CHECK (required_caps <@ ARRAY['precondition', '100rel', 'update', 'tls']);
COMMENT ON COLUMN policy.domain_rule.required_caps IS 'With STRICT: precondition, 100rel, update, tls; precondition includes 100rel and update';
COMMENT ON COLUMN policy.domain_rule.next_hop IS 'SIP URI to send through instead of asking DNS: sip:192.0.2.1:5060;transport=tcp, sips:border.example.net (IW-RTE-03)';
COMMENT ON COLUMN policy.domain_rule.retry_role IS 'With RETRY: b2bua makes a dialog of our own, proxy repeats the caller''s INVITE (IW-RET-01, IW-RET-02)';
COMMENT ON COLUMN policy.domain_rule.proxy_may_rewrite_sdp IS 'With retry_role proxy: a retry may change the SDP too, which RFC 3261 16.6 forbids a proxy';
COMMENT ON COLUMN policy.domain_rule.redirect IS 'What becomes of a 3xx: pass it to the caller, or recurse to contacts the policy allows (IW-RTE-11)';
COMMENT ON COLUMN policy.domain_rule.calls_per_second IS 'New calls a second over this row at one S-CSCF; more get 480 (IW-RES-07). NULL: no limit';
COMMENT ON COLUMN policy.domain_rule.calls_per_second_and_subscriber IS 'The same of one subscriber; more get 480 (IW-RES-07). NULL: no limit';

CREATE TABLE policy.peer_auth (
    pattern text PRIMARY KEY,
    username text NOT NULL,
    password text NOT NULL,
    CONSTRAINT username_is_printable CHECK (username ~ '^[^"\\[:cntrl:]]{1,255}$'),
    CONSTRAINT password_is_not_empty CHECK (password <> '')
);
COMMENT ON TABLE policy.peer_auth IS 'Our credentials at the server a row leads to: answers its 401 or 407 once (T20). Only the S-CSCF may read it';
COMMENT ON COLUMN policy.peer_auth.pattern IS 'Of the row in policy.domain_rule';
COMMENT ON COLUMN policy.peer_auth.username IS 'Digest user name';
COMMENT ON COLUMN policy.peer_auth.password IS 'Digest password';

-- The S-CSCF reads rows by their version: credentials are part of the row.
CREATE FUNCTION policy.touch_rule() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE policy.domain_rule SET updated_at = now()
        WHERE pattern = CASE TG_OP WHEN 'DELETE' THEN OLD.pattern ELSE NEW.pattern END;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION policy.touch_rule() IS 'Trigger: a change of the credentials is a change of the row';
CREATE TRIGGER touch_rule AFTER INSERT OR UPDATE OR DELETE ON policy.peer_auth
    FOR EACH ROW EXECUTE FUNCTION policy.touch_rule();
COMMENT ON TRIGGER touch_rule ON policy.peer_auth IS 'Live at once, like the rest of the row';

-- No foreign key: TRUNCATE of the rules is an operator's right.
CREATE FUNCTION policy.drop_credentials() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM policy.peer_auth a WHERE NOT EXISTS (SELECT FROM policy.domain_rule r WHERE r.pattern = a.pattern);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION policy.drop_credentials() IS 'Trigger: credentials go with their row';
CREATE TRIGGER drop_credentials AFTER DELETE OR TRUNCATE OR UPDATE OF pattern ON policy.domain_rule
    FOR EACH STATEMENT EXECUTE FUNCTION policy.drop_credentials();
COMMENT ON TRIGGER drop_credentials ON policy.domain_rule IS 'Credentials go with their row';

CREATE OR REPLACE FUNCTION policy.normal_next_hop(next_hop text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plain text := regexp_replace(btrim(next_hop), '^<(.*)>$', '\1');
    quoted text := '"' || next_hop || '"';
    form text := 'write it like sip:192.0.2.1:5060, sip:border.example.net;transport=tcp, sips:border.example.net or sip:[2001:db8::1]';
    parts text[];
BEGIN
    IF coalesce(plain, '') = '' THEN
        RETURN NULL;
    ELSIF plain !~* '^sips?:' THEN
        PERFORM policy.refuse('next_hop ' || quoted || ' is no SIP URI: ' || form, form);
    END IF;
    parts := regexp_match(lower(plain), '^(sips?):(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(:[0-9]{1,5})?(;.*)?$');
    IF parts IS NULL OR coalesce(substr(parts[3], 2), '5060')::integer NOT BETWEEN 1 AND 65535 THEN
        PERFORM policy.refuse('next_hop ' || quoted || ' is no SIP URI of a host: leave out the user, ' || form, form);
    END IF;
    IF parts[2] LIKE '[%' THEN
        BEGIN
            PERFORM translate(parts[2], '[]', '')::inet;
        EXCEPTION WHEN invalid_text_representation THEN
            PERFORM policy.refuse('next_hop ' || quoted || ' has a wrong IPv6 address: ' || form, form);
        END;
    END IF;
    -- The S-CSCF adds lr itself when it pre-loads the Route.
    parts[4] := regexp_replace(coalesce(parts[4], ''), ';lr(?=;|$)', '', 'g');
    IF parts[4] !~ '^(;transport=(udp|tcp|tls))?$' THEN
        PERFORM policy.refuse('next_hop ' || quoted || ' has parameters other than transport=udp, transport=tcp or transport=tls: ' || form, form);
    ELSIF parts[1] = 'sips' AND parts[4] = ';transport=udp' THEN
        PERFORM policy.refuse('next_hop ' || quoted || ' asks for TLS over UDP: write sips: without transport=udp', form);
    END IF;
    RETURN parts[1] || ':' || rtrim(parts[2], '.') || coalesce(parts[3], '') || parts[4];
END
$$;

CREATE OR REPLACE FUNCTION policy.normal_caps(caps text[]) RETURNS text[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    plain text[];
    unknown text;
    known text := 'precondition, 100rel, update or tls';
BEGIN
    SELECT coalesce(array_agg(DISTINCT lower(btrim(c)) ORDER BY lower(btrim(c))), '{}') INTO plain
        FROM unnest(caps) c;
    SELECT c INTO unknown FROM unnest(plain) c WHERE c NOT IN ('precondition', '100rel', 'update', 'tls') LIMIT 1;
    IF unknown = 'min_class' THEN
        PERFORM policy.refuse('required_caps "min_class" is not available in this version: write ' || known,
                              'this version can insist on ' || known);
    ELSIF unknown IS NOT NULL THEN
        PERFORM policy.refuse('required_caps "' || unknown || '" is unknown: write ' || known,
                              'this version can insist on ' || known);
    END IF;
    RETURN plain;
END
$$;

-- A function of its own: the one it stands beside keeps its words.
CREATE FUNCTION policy.check_retry(rule policy.domain_rule) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    at text := ' for ' || rule.pattern || ': ';
BEGIN
    IF rule.retry_role IS NULL OR rule.retry_role NOT IN ('proxy', 'b2bua') THEN
        PERFORM policy.refuse('retry_role "' || coalesce(rule.retry_role, 'NULL') || '"' || at || 'write b2bua or proxy',
                              'b2bua makes a dialog of our own, proxy repeats the caller''s INVITE');
    ELSIF rule.retry_role = 'proxy' AND rule.mode IS DISTINCT FROM 'RETRY' THEN
        PERFORM policy.refuse('retry_role proxy is of no meaning with mode ' || coalesce(rule.mode, 'NULL') || at
                                  || 'write mode RETRY, or leave retry_role out',
                              'only RETRY sends a second INVITE');
    ELSIF coalesce(rule.proxy_may_rewrite_sdp, false) AND rule.retry_role <> 'proxy' THEN
        PERFORM policy.refuse('proxy_may_rewrite_sdp is of no meaning with retry_role b2bua' || at
                                  || 'write retry_role proxy, or leave proxy_may_rewrite_sdp out',
                              'a dialog of our own has an SDP of our own');
    ELSIF rule.redirect IS NULL OR rule.redirect NOT IN ('pass', 'recurse') THEN
        PERFORM policy.refuse('redirect "' || coalesce(rule.redirect, 'NULL') || '"' || at || 'write pass or recurse',
                              'pass hands a 3xx to the caller, recurse tries its contacts');
    ELSIF rule.calls_per_second NOT BETWEEN 1 AND 100000 THEN
        PERFORM policy.refuse('calls_per_second ' || rule.calls_per_second || at || 'write 1 to 100000, or NULL for no limit',
                              'it counts new calls over this row at one S-CSCF');
    ELSIF rule.calls_per_second_and_subscriber NOT BETWEEN 1 AND 1000 THEN
        PERFORM policy.refuse('calls_per_second_and_subscriber ' || rule.calls_per_second_and_subscriber || at
                                  || 'write 1 to 1000, or NULL for no limit',
                              'it counts new calls of one subscriber over this row at one S-CSCF');
    END IF;
END
$$;
COMMENT ON FUNCTION policy.check_retry(policy.domain_rule) IS 'Refuses what cannot be said of retries, redirections and rates';

CREATE OR REPLACE FUNCTION policy.check_rule() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN
        PERFORM policy.refuse('the id of a row stays: write a new row and delete the old one', 'logs and traces name rows by id');
    END IF;
    NEW.pattern := policy.normal_pattern(NEW.pattern);
    NEW.access := lower(btrim(NEW.access));
    NEW.mode := nullif(upper(btrim(NEW.mode)), '');
    NEW.required_caps := policy.normal_caps(NEW.required_caps);
    NEW.next_hop := policy.normal_next_hop(NEW.next_hop);
    NEW.pai_to_internet := lower(btrim(NEW.pai_to_internet));
    NEW.retry_role := lower(btrim(NEW.retry_role));
    NEW.redirect := lower(btrim(NEW.redirect));
    NEW.note := coalesce(NEW.note, '');
    PERFORM policy.check_mode(NEW);
    PERFORM policy.check_limits(NEW);
    PERFORM policy.check_retry(NEW);
    NEW.updated_at := now();
    NEW.changed_version := (SELECT v.version FROM policy.version v);
    RETURN NEW;
END
$$;

DROP FUNCTION policy.allow_domain(text, text, text[], text, integer, interval, interval, text, text);
CREATE FUNCTION policy.allow_domain(
    pattern text,
    mode text DEFAULT 'RETRY',
    required_caps text[] DEFAULT '{}',
    next_hop text DEFAULT NULL,
    max_attempts integer DEFAULT 3,
    setup_budget interval DEFAULT '20 s',
    target_timeout interval DEFAULT '3 s',
    pai_to_internet text DEFAULT 'strip',
    note text DEFAULT '',
    retry_role text DEFAULT 'b2bua',
    proxy_may_rewrite_sdp boolean DEFAULT false,
    redirect text DEFAULT 'pass',
    calls_per_second integer DEFAULT NULL,
    calls_per_second_and_subscriber integer DEFAULT NULL
) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO policy.domain_rule AS rule (pattern, access, mode, required_caps, next_hop, max_attempts, setup_budget,
                                            target_timeout, pai_to_internet, note, retry_role, proxy_may_rewrite_sdp,
                                            redirect, calls_per_second, calls_per_second_and_subscriber)
    VALUES (pattern, 'allow', mode, required_caps, next_hop, max_attempts, setup_budget, target_timeout,
            pai_to_internet, note, retry_role, proxy_may_rewrite_sdp, redirect, calls_per_second,
            calls_per_second_and_subscriber)
    ON CONFLICT ON CONSTRAINT domain_rule_one_row_per_pattern DO UPDATE SET
        access = excluded.access, mode = excluded.mode, required_caps = excluded.required_caps,
        next_hop = excluded.next_hop, max_attempts = excluded.max_attempts, setup_budget = excluded.setup_budget,
        target_timeout = excluded.target_timeout, pai_to_internet = excluded.pai_to_internet, note = excluded.note,
        retry_role = excluded.retry_role, proxy_may_rewrite_sdp = excluded.proxy_may_rewrite_sdp,
        redirect = excluded.redirect, calls_per_second = excluded.calls_per_second,
        calls_per_second_and_subscriber = excluded.calls_per_second_and_subscriber
    RETURNING rule.id
$$;
COMMENT ON FUNCTION policy.allow_domain(text, text, text[], text, integer, interval, interval, text, text, text, boolean, text, integer, integer) IS
    'Lets calls go to a domain, replacing what was said about the same pattern: SELECT policy.allow_domain(''isp.example'', mode => ''RETRY''). Returns the row';

CREATE OR REPLACE FUNCTION policy.deny_domain(pattern text, reason text DEFAULT '') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO policy.domain_rule AS rule (pattern, access, note) VALUES (pattern, 'deny', reason)
    ON CONFLICT ON CONSTRAINT domain_rule_one_row_per_pattern DO UPDATE SET
        access = 'deny', mode = NULL, required_caps = '{}', next_hop = NULL, max_attempts = DEFAULT,
        setup_budget = DEFAULT, target_timeout = DEFAULT, pai_to_internet = DEFAULT, note = excluded.note,
        retry_role = DEFAULT, proxy_may_rewrite_sdp = DEFAULT, redirect = DEFAULT, calls_per_second = DEFAULT,
        calls_per_second_and_subscriber = DEFAULT
    RETURNING rule.id
$$;

CREATE FUNCTION policy.set_peer_auth(pattern text, username text, password text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    plain text := policy.normal_pattern(set_peer_auth.pattern);
BEGIN
    IF NOT EXISTS (SELECT FROM policy.domain_rule r WHERE r.pattern = plain AND r.access = 'allow') THEN
        PERFORM policy.refuse('there is no allow row for ' || plain || ': write it first with policy.allow_domain(''' || plain || ''')',
                              'credentials belong to a row that sends calls');
    ELSIF coalesce(set_peer_auth.username, '') !~ '^[^"\\[:cntrl:]]{1,255}$' THEN
        PERFORM policy.refuse('the user name is empty or has quotes, backslashes or control characters: write the name the other side gave you', '');
    ELSIF coalesce(set_peer_auth.password, '') = '' THEN
        PERFORM policy.refuse('the password is empty: write it, or SELECT policy.clear_peer_auth(''' || plain || ''')', '');
    END IF;
    INSERT INTO policy.peer_auth AS auth VALUES (plain, set_peer_auth.username, set_peer_auth.password)
        ON CONFLICT ON CONSTRAINT peer_auth_pkey DO UPDATE SET username = excluded.username, password = excluded.password;
END
$$;
COMMENT ON FUNCTION policy.set_peer_auth(text, text, text) IS
    'Our user name and password at the server of a domain: SELECT policy.set_peer_auth(''isp.example'', ''isthmus'', ''secret'')';

CREATE FUNCTION policy.clear_peer_auth(pattern text) RETURNS void LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    plain text := policy.normal_pattern(clear_peer_auth.pattern);
BEGIN
    DELETE FROM policy.peer_auth a WHERE a.pattern = plain;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there are no credentials for %: look at SELECT pattern FROM policy.peer_auth', plain
            USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION policy.clear_peer_auth(text) IS 'Forgets our credentials there: SELECT policy.clear_peer_auth(''isp.example'')';

GRANT SELECT ON policy.peer_auth TO isthmus_core;
GRANT SELECT (pattern, username) ON policy.peer_auth TO isthmus_admin;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA policy FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policy TO isthmus_admin;
