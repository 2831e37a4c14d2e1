-- An S-CSCF can be reached by TLS (RFC 3261 26.2): its name says so.

ALTER TABLE subscriber.server
    DROP CONSTRAINT server_name_is_a_sip_uri,
    ADD CONSTRAINT server_name_is_a_sip_uri CHECK (name ~ '^sip:[^@<>; ]+(;transport=(udp|tcp|tls))?$');

CREATE OR REPLACE FUNCTION subscriber.add_server(name text, capabilities integer[] DEFAULT '{}',
                                                 priority integer DEFAULT 0, weight integer DEFAULT 1)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF add_server.name !~ '^sip:[^@<>; ]+(;transport=(udp|tcp|tls))?$' THEN
        RAISE EXCEPTION 'S-CSCF name "%" is not a SIP URI of a host: write it like sip:scscf1.example.net:5060 or sip:scscf1.example.net:5061;transport=tls',
            add_server.name USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO subscriber.server AS known
        VALUES (add_server.name, add_server.capabilities, add_server.priority, add_server.weight)
        ON CONFLICT ON CONSTRAINT server_pkey DO UPDATE
        SET capabilities = excluded.capabilities, priority = excluded.priority, weight = excluded.weight;
END
$$;
