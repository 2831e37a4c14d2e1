-- Who our users are and where they are registered (registration.md, cx.md section 6).
CREATE SCHEMA subscriber;
COMMENT ON SCHEMA subscriber IS 'Users, their identities, the S-CSCFs that serve them, their registered contacts';
GRANT USAGE ON SCHEMA subscriber TO isthmus_core, isthmus_admin, isthmus_reader;

CREATE TABLE subscriber.home_domain (
    domain text PRIMARY KEY,
    CONSTRAINT home_domain_is_a_lower_case_name
        CHECK (domain ~ '^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$')
);
COMMENT ON TABLE subscriber.home_domain IS 'Domains that are ours; every other host of a Request-URI is outside (IW-RTE-01)';
COMMENT ON COLUMN subscriber.home_domain.domain IS 'Domain name, lower case, no trailing dot';

CREATE TABLE subscriber.server (
    name text PRIMARY KEY,
    capabilities integer[] NOT NULL DEFAULT '{}',
    priority integer NOT NULL DEFAULT 0,
    weight integer NOT NULL DEFAULT 1,
    CONSTRAINT server_name_is_a_sip_uri CHECK (name ~ '^sip:[^@<>; ]+(;transport=(udp|tcp))?$'),
    CONSTRAINT server_weight_is_not_negative CHECK (weight >= 0)
);
COMMENT ON TABLE subscriber.server IS 'The S-CSCFs an I-CSCF may choose (IR-REG-04)';
COMMENT ON COLUMN subscriber.server.name IS 'SIP URI of the S-CSCF, as its configuration names it: sip:scscf1.example.net:5060';
COMMENT ON COLUMN subscriber.server.capabilities IS 'Numbers of the capabilities it has; the meaning of a number is the operator''s';
COMMENT ON COLUMN subscriber.server.priority IS 'Lower is chosen first among those that fit equally';
COMMENT ON COLUMN subscriber.server.weight IS 'Share among S-CSCFs of one priority; 0: only when no other is left';

CREATE TABLE subscriber.subscription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    mandatory_capabilities integer[] NOT NULL DEFAULT '{}',
    optional_capabilities integer[] NOT NULL DEFAULT '{}',
    visited_networks text[],
    charging_collection text[] NOT NULL DEFAULT '{}',
    charging_event text[] NOT NULL DEFAULT '{}',
    note text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE subscriber.subscription IS 'One contract: its private identities share its implicit registration sets';
COMMENT ON COLUMN subscriber.subscription.id IS 'Key';
COMMENT ON COLUMN subscriber.subscription.mandatory_capabilities IS 'An S-CSCF must have all of them (Mandatory-Capability)';
COMMENT ON COLUMN subscriber.subscription.optional_capabilities IS 'The more of them an S-CSCF has, the better (Optional-Capability)';
COMMENT ON COLUMN subscriber.subscription.visited_networks IS 'Where the user may roam, names as in P-Visited-Network-ID; NULL: anywhere. Home domains are always allowed';
COMMENT ON COLUMN subscriber.subscription.charging_collection IS 'Charging collection functions, primary first (ccf)';
COMMENT ON COLUMN subscriber.subscription.charging_event IS 'Event charging functions, primary first (ecf)';
COMMENT ON COLUMN subscriber.subscription.note IS 'For people';
COMMENT ON COLUMN subscriber.subscription.created_at IS 'When it was added';

CREATE TABLE subscriber.private_identity (
    name text PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES subscriber.subscription ON DELETE CASCADE,
    realm text NOT NULL,
    ha1 text NOT NULL,
    ue_class text,
    CONSTRAINT private_identity_has_a_realm_part CHECK (name ~ '^[^@ ]+@[^@ ]+$'),
    CONSTRAINT ha1_is_32_lower_hex_digits CHECK (ha1 ~ '^[0-9a-f]{32}$'),
    CONSTRAINT ue_class_is_rel5_rel6_or_plain CHECK (ue_class IN ('rel5', 'rel6', 'plain'))
);
CREATE INDEX private_identity_of_subscription ON subscriber.private_identity (subscription_id);
COMMENT ON TABLE subscriber.private_identity IS 'What a terminal authenticates as (IMPI)';
COMMENT ON COLUMN subscriber.private_identity.name IS 'user@realm, the username of Digest';
COMMENT ON COLUMN subscriber.private_identity.subscription_id IS 'Its subscription';
COMMENT ON COLUMN subscriber.private_identity.realm IS 'Realm of the challenge';
COMMENT ON COLUMN subscriber.private_identity.ha1 IS 'MD5(name:realm:password); the password itself is never stored (CX-42)';
COMMENT ON COLUMN subscriber.private_identity.ue_class IS 'Release of the terminal if known: rel5, rel6 or plain; NULL: found out from its requests (IW-DET-01)';

CREATE TABLE subscriber.implicit_set (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription_id bigint NOT NULL REFERENCES subscriber.subscription ON DELETE CASCADE
);
CREATE INDEX implicit_set_of_subscription ON subscriber.implicit_set (subscription_id);
COMMENT ON TABLE subscriber.implicit_set IS 'Public identities that are registered together (SR-REG-25)';
COMMENT ON COLUMN subscriber.implicit_set.id IS 'Key';
COMMENT ON COLUMN subscriber.implicit_set.subscription_id IS 'Its subscription';

CREATE TABLE subscriber.public_identity (
    uri text PRIMARY KEY,
    set_id bigint NOT NULL REFERENCES subscriber.implicit_set ON DELETE CASCADE,
    position integer NOT NULL,
    barred boolean NOT NULL DEFAULT false,
    UNIQUE (set_id, position),
    CONSTRAINT public_identity_is_canonical
        CHECK (uri ~ '^sip:[^@ <>;?]+@[a-z0-9.-]+$' OR uri ~ '^tel:\+[0-9]{3,15}$')
);
COMMENT ON TABLE subscriber.public_identity IS 'What a user is called by (IMPU); each is in one implicit set';
COMMENT ON COLUMN subscriber.public_identity.uri IS 'sip:user@domain (domain in lower case) or tel:+number without separators (CX-36)';
COMMENT ON COLUMN subscriber.public_identity.set_id IS 'Its implicit registration set';
COMMENT ON COLUMN subscriber.public_identity.position IS 'Order in the set; the first that is not barred is the default (SR-REG-24)';
COMMENT ON COLUMN subscriber.public_identity.barred IS 'True: may be registered with, may not be used for calls, is never listed';

CREATE TABLE subscriber.assignment (
    subscription_id bigint PRIMARY KEY REFERENCES subscriber.subscription ON DELETE CASCADE,
    server_name text,
    pending_until timestamptz
) WITH (fillfactor = 70);
COMMENT ON TABLE subscriber.assignment IS 'Which S-CSCF serves a subscription; one row each, made with the subscription';
COMMENT ON COLUMN subscriber.assignment.subscription_id IS 'The subscription';
COMMENT ON COLUMN subscriber.assignment.server_name IS 'SIP URI of the S-CSCF; counts while a binding lives or an authentication is awaited; NULL: nobody';
COMMENT ON COLUMN subscriber.assignment.pending_until IS 'A challenge is out until then, its answer must reach the same S-CSCF (CX-31); NULL: none';

CREATE TABLE subscriber.binding (
    set_id bigint NOT NULL REFERENCES subscriber.implicit_set ON DELETE CASCADE,
    private_identity text NOT NULL REFERENCES subscriber.private_identity ON DELETE CASCADE,
    contact text NOT NULL,
    contact_params text NOT NULL DEFAULT '',
    path text[] NOT NULL DEFAULT '{}',
    expires timestamptz NOT NULL,
    call_id text NOT NULL,
    cseq bigint NOT NULL,
    q text NOT NULL DEFAULT '',
    instance text NOT NULL DEFAULT '',
    registered_identity text NOT NULL,
    visited_network text NOT NULL DEFAULT '',
    user_agent text NOT NULL DEFAULT '',
    icid text NOT NULL DEFAULT '',
    orig_ioi text NOT NULL DEFAULT '',
    PRIMARY KEY (set_id, private_identity, contact),
    CONSTRAINT cseq_fits_32_bits CHECK (cseq BETWEEN 0 AND 4294967295)
);
CREATE INDEX binding_of_private_identity ON subscriber.binding (private_identity);
COMMENT ON TABLE subscriber.binding IS 'Registered contacts, durable before their 200 (SR-REG-51); a row past its expiry counts for nothing';
COMMENT ON COLUMN subscriber.binding.set_id IS 'Implicit set that shares the contact (SR-REG-25)';
COMMENT ON COLUMN subscriber.binding.private_identity IS 'Private identity that registered it (SR-REG-26)';
COMMENT ON COLUMN subscriber.binding.contact IS 'Contact URI as received';
COMMENT ON COLUMN subscriber.binding.contact_params IS 'Parameters of the Contact without expires and q: feature tags and the like';
COMMENT ON COLUMN subscriber.binding.path IS 'Path URIs in order: the Route of terminating requests (SR-REG-28)';
COMMENT ON COLUMN subscriber.binding.expires IS 'End of the registration';
COMMENT ON COLUMN subscriber.binding.call_id IS 'Call-ID of its last REGISTER (SR-REG-22)';
COMMENT ON COLUMN subscriber.binding.cseq IS 'CSeq of its last REGISTER (SR-REG-22)';
COMMENT ON COLUMN subscriber.binding.q IS 'q of the Contact as written; empty: none';
COMMENT ON COLUMN subscriber.binding.instance IS '+sip.instance without quotes; empty: none';
COMMENT ON COLUMN subscriber.binding.registered_identity IS 'Public identity in the To of the REGISTER';
COMMENT ON COLUMN subscriber.binding.visited_network IS 'P-Visited-Network-ID, unquoted';
COMMENT ON COLUMN subscriber.binding.user_agent IS 'User-Agent of the REGISTER';
COMMENT ON COLUMN subscriber.binding.icid IS 'icid-value of the REGISTER (SR-REG-28)';
COMMENT ON COLUMN subscriber.binding.orig_ioi IS 'orig-ioi of the REGISTER (SR-REG-28)';

CREATE FUNCTION subscriber.make_assignment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO subscriber.assignment (subscription_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION subscriber.make_assignment() IS 'Trigger: every subscription has its assignment row';
CREATE TRIGGER make_assignment AFTER INSERT ON subscriber.subscription
    FOR EACH ROW EXECUTE FUNCTION subscriber.make_assignment();
COMMENT ON TRIGGER make_assignment ON subscriber.subscription IS 'Every subscription has its assignment row';

GRANT SELECT ON ALL TABLES IN SCHEMA subscriber TO isthmus_core;
GRANT UPDATE ON subscriber.assignment TO isthmus_core;
GRANT INSERT, UPDATE, DELETE ON subscriber.binding TO isthmus_core;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA subscriber TO isthmus_admin;
GRANT SELECT ON subscriber.home_domain, subscriber.server, subscriber.subscription, subscriber.implicit_set,
    subscriber.public_identity, subscriber.assignment, subscriber.binding TO isthmus_reader;
GRANT SELECT (name, subscription_id, realm, ue_class) ON subscriber.private_identity TO isthmus_reader;
