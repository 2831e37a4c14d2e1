-- What an operator calls: allow, deny, forget a domain. Each takes effect in every S-CSCF at COMMIT.
CREATE FUNCTION policy.allow_domain(
    pattern text,
    mode text DEFAULT 'RETRY',
    required_caps text[] DEFAULT '{}',
    next_hop text DEFAULT NULL,
    max_attempts integer DEFAULT 3,
    setup_budget interval DEFAULT '20 s',
    target_timeout interval DEFAULT '3 s',
    pai_to_internet text DEFAULT 'strip',
    note text DEFAULT ''
) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO policy.domain_rule AS rule (pattern, access, mode, required_caps, next_hop, max_attempts, setup_budget,
                                            target_timeout, pai_to_internet, note)
    VALUES (pattern, 'allow', mode, required_caps, next_hop, max_attempts, setup_budget, target_timeout,
            pai_to_internet, note)
    ON CONFLICT ON CONSTRAINT domain_rule_one_row_per_pattern DO UPDATE SET
        access = excluded.access, mode = excluded.mode, required_caps = excluded.required_caps,
        next_hop = excluded.next_hop, max_attempts = excluded.max_attempts, setup_budget = excluded.setup_budget,
        target_timeout = excluded.target_timeout, pai_to_internet = excluded.pai_to_internet, note = excluded.note
    RETURNING rule.id
$$;
COMMENT ON FUNCTION policy.allow_domain(text, text, text[], text, integer, interval, interval, text, text) IS
    'Lets calls go to a domain, replacing what was said about the same pattern: SELECT policy.allow_domain(''isp.example'', mode => ''RETRY''). Returns the row';

CREATE FUNCTION policy.deny_domain(pattern text, reason text DEFAULT '') RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO policy.domain_rule AS rule (pattern, access, note) VALUES (pattern, 'deny', reason)
    ON CONFLICT ON CONSTRAINT domain_rule_one_row_per_pattern DO UPDATE SET
        access = 'deny', mode = NULL, required_caps = '{}', next_hop = NULL, max_attempts = DEFAULT,
        setup_budget = DEFAULT, target_timeout = DEFAULT, pai_to_internet = DEFAULT, note = excluded.note
    RETURNING rule.id
$$;
COMMENT ON FUNCTION policy.deny_domain(text, text) IS
    'Refuses calls to a domain, replacing what was said about the same pattern: SELECT policy.deny_domain(''isp.example'', ''fraud''). Returns the row';

CREATE FUNCTION policy.remove_domain(pattern text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    plain text := policy.normal_pattern(remove_domain.pattern);
BEGIN
    DELETE FROM policy.domain_rule r WHERE r.pattern = plain;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no row for %: look at SELECT pattern FROM policy.domain_rule', plain
            USING ERRCODE = 'no_data_found';
    END IF;
END
$$;
COMMENT ON FUNCTION policy.remove_domain(text) IS
    'Forgets what was said about a pattern; the next less specific row decides, or no row: denied. SELECT policy.remove_domain(''isp.example'')';

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA policy FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA policy TO isthmus_admin;
