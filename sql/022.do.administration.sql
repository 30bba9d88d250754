-- Administration: roles, metadata and the last login of accounts, keys of services, and statistics of the audit log.
LOCK TABLE users, audit IN ACCESS EXCLUSIVE MODE;

ALTER TABLE users
  -- Sorted, without duplicates. 'admin' and 'support' are reserved; all others mean nothing to the service.
  ADD COLUMN roles text[] NOT NULL DEFAULT '{}',
  -- Written by operators only.
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN last_login_at timestamptz,
  -- Whether anybody has ever signed in. It changes once, and so may be in an index: a login updates last_login_at, which
  -- is in none, and touches the row alone.
  ADD COLUMN signed_in boolean NOT NULL DEFAULT false,
  ADD CONSTRAINT users_metadata CHECK (jsonb_typeof(metadata) = 'object'),
  SET (fillfactor = 90);

UPDATE users SET last_login_at = latest.created_at, signed_in = true
FROM (SELECT user_id, max(created_at) AS created_at FROM sessions GROUP BY user_id) AS latest
WHERE users.id = latest.user_id;

-- Their sessions may have been purged.
UPDATE users SET signed_in = true
WHERE NOT signed_in AND (password_hash IS NULL OR password_hash = '!') AND (
  EXISTS (SELECT FROM identities WHERE user_id = users.id) OR EXISTS (SELECT FROM passkeys WHERE user_id = users.id)
);

-- Lists, newest first: one index for each filter.
CREATE INDEX users_newest ON users (created_at DESC, id DESC);
CREATE INDEX users_newest_active ON users (created_at DESC, id DESC) WHERE disabled_at IS NULL;
CREATE INDEX users_newest_disabled ON users (created_at DESC, id DESC) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_newest_unverified ON users (created_at DESC, id DESC) WHERE email IS NOT NULL AND NOT email_verified;
CREATE INDEX users_newest_invited ON users (created_at DESC, id DESC)
  WHERE (password_hash IS NULL OR password_hash = '!') AND NOT signed_in;
-- A query uses it only if it repeats the condition.
CREATE INDEX users_roles ON users USING gin (roles) WHERE roles <> '{}';
CREATE INDEX users_admins ON users (id) WHERE 'admin' = ANY (roles);

-- Filters of the audit log. Earlier versions stored 'held off' for 'throttled'.
CREATE INDEX audit_action_seq ON audit (replace(action, ' held off', ' throttled'), seq);
CREATE INDEX audit_address_seq ON audit (address, seq) WHERE address IS NOT NULL;
CREATE INDEX audit_by_seq ON audit ((detail ->> 'by'), seq) WHERE detail ->> 'by' IS NOT NULL;
CREATE INDEX audit_at_seq ON audit (at, seq);

-- Records by hour (UTC) and current name of their action. They outlive the records.
CREATE TABLE audit_counts (
  hour timestamptz NOT NULL,
  action text NOT NULL,
  count integer NOT NULL,
  PRIMARY KEY (hour, action)
);

INSERT INTO audit_counts (hour, action, count)
SELECT date_trunc('hour', at, 'UTC'), replace(action, ' held off', ' throttled'), count(*)
FROM audit GROUP BY 1, 2;

-- Keys of services. A key reads lk_<id>_<secret>_<check>; only the SHA-256 of all of it is stored.
CREATE TABLE service_keys (
  -- 22 characters, as in the key.
  id text COLLATE "C" PRIMARY KEY,
  -- Unique among living keys, without regard to case.
  name text NOT NULL,
  scopes text[] NOT NULL,
  hash bytea NOT NULL,
  -- The key before the last rotation, and until when it works.
  previous_hash bytea,
  previous_until timestamptz,
  created_at timestamptz NOT NULL,
  -- Null for a key that a command made.
  created_by uuid REFERENCES users (id) ON DELETE SET NULL,
  expires_at timestamptz,
  -- Written once an hour at most.
  last_used_at timestamptz,
  last_used_from inet,
  revoked_at timestamptz,
  CONSTRAINT service_keys_name CHECK (name <> ''),
  CONSTRAINT service_keys_previous CHECK ((previous_hash IS NULL) = (previous_until IS NULL))
);

CREATE INDEX service_keys_created_by ON service_keys (created_by) WHERE created_by IS NOT NULL;
