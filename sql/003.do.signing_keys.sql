-- The key ring. Private halves are wrapped with a key derived from SECRET_KEY; public ones are published from the
-- moment they are here, and sign from sign_from on. A key verifies until the tokens that it signed are over.
CREATE TABLE signing_keys (
  kid text PRIMARY KEY,
  public_key jsonb NOT NULL,
  private_key bytea NOT NULL,
  created_at timestamptz NOT NULL,
  sign_from timestamptz NOT NULL
);
