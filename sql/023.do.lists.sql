-- Lists of accounts by role in the order of time, and numbers that all instances share.
LOCK TABLE users IN ACCESS EXCLUSIVE MODE;

-- The states by which accounts are listed: 'all', and those of the partial indexes of migration 22.
CREATE OR REPLACE FUNCTION user_states(
  disabled_at timestamptz, email text, email_verified boolean, password_hash text, signed_in boolean
) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_remove(ARRAY[
    'all',
    CASE WHEN disabled_at IS NULL THEN 'active' ELSE 'disabled' END,
    CASE WHEN email IS NOT NULL AND NOT email_verified THEN 'unverified' END,
    CASE WHEN (password_hash IS NULL OR password_hash = '!') AND NOT signed_in THEN 'invited' END
  ], NULL)
$$;

-- An index of the accounts with roles: one row for each role and state of an account. Triggers fill it, so that instances
-- of earlier versions do too.
CREATE TABLE users_by_role (
  role text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  created_at timestamptz NOT NULL,
  user_id uuid NOT NULL
);

INSERT INTO users_by_role (role, state, created_at, user_id)
SELECT DISTINCT role, state, created_at, id
FROM users, unnest(roles) AS role,
  unnest(user_states(disabled_at, email, email_verified, password_hash, signed_in)) AS state
WHERE roles <> '{}';

-- Once it is filled, which is faster.
ALTER TABLE users_by_role
  ADD PRIMARY KEY (role, state, created_at, user_id),
  ADD FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE;
CREATE INDEX users_by_role_user_id ON users_by_role (user_id);

-- It finds the tables of this schema, whatever the search_path of the session that changes an account.
CREATE OR REPLACE FUNCTION list_by_role() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM users_by_role WHERE user_id = NEW.id;
  END IF;
  INSERT INTO users_by_role (role, state, created_at, user_id)
  SELECT DISTINCT role, state, NEW.created_at, NEW.id
  FROM unnest(NEW.roles) AS role,
    unnest(user_states(NEW.disabled_at, NEW.email, NEW.email_verified, NEW.password_hash, NEW.signed_in)) AS state;
  RETURN NULL;
END
$$;

-- Most accounts have no roles: they pay for the condition only, which is planned with each update. A login updates
-- signed_in once.
CREATE TRIGGER users_insert_by_role AFTER INSERT ON users
FOR EACH ROW WHEN (NEW.roles <> '{}') EXECUTE FUNCTION list_by_role();
CREATE TRIGGER users_update_by_role AFTER UPDATE ON users
FOR EACH ROW WHEN (
  (NEW.roles <> '{}' OR OLD.roles <> '{}') AND
  (NEW.roles, NEW.disabled_at, NEW.email, NEW.email_verified, NEW.password_hash, NEW.signed_in) IS DISTINCT FROM
  (OLD.roles, OLD.disabled_at, OLD.email, OLD.email_verified, OLD.password_hash, OLD.signed_in)
) EXECUTE FUNCTION list_by_role();

DROP INDEX users_roles;

-- The latest numbers of accounts and sessions, one row: counting takes long, so one instance does it for all.
CREATE TABLE totals (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  counted_at timestamptz NOT NULL,
  counts jsonb NOT NULL
);
