-- The three roles. They belong to the whole cluster, so another database may have made them already. They get no
-- password here: an operator gives them one, or lets system users in by pg_hba.conf.
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['isthmus_core', 'isthmus_admin', 'isthmus_reader'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
                EXECUTE format('CREATE ROLE %I LOGIN', wanted);
            END IF;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL; -- somebody else made it at the same moment
        END;
    END LOOP;
END
$$;

COMMENT ON ROLE isthmus_core IS 'What the CSCF programs connect as: reads subscribers and policy, writes registrations only';
COMMENT ON ROLE isthmus_admin IS 'Operators: subscribers, S-CSCFs, home domains, policy rows';
COMMENT ON ROLE isthmus_reader IS 'Looks at everything but the secrets';

GRANT USAGE ON SCHEMA isthmus TO isthmus_core, isthmus_admin, isthmus_reader;
GRANT SELECT ON isthmus.migration TO isthmus_core, isthmus_admin, isthmus_reader;
