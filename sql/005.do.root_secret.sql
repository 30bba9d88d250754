-- The secret that keys of other purposes are derived from, sealed like a private signing key: what was derived
-- outlives a change of SECRET_KEY, and instances with the old and the new one agree on it.
CREATE TABLE root_secret (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL
);
