-- One row for each sign-in. A refresh token reads session.family.rotating; of its two secret parts only the SHA-256
-- is here, so that a copy of this table opens nothing.
CREATE TABLE sessions (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  family_hash bytea NOT NULL,
  rotating_hash bytea NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz NOT NULL,
  ended_at timestamptz,
  user_agent text,
  ip inet
);

CREATE INDEX sessions_user_id ON sessions (user_id);
