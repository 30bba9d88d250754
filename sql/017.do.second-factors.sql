-- Second factors and passkeys. Every column has a default that means what instances of the version before do, which may
-- run beside this one during an upgrade: they ask for no second step, and open sessions with a password.
LOCK TABLE users, sessions IN ACCESS EXCLUSIVE MODE;

ALTER TABLE users ADD COLUMN mfa_required boolean NOT NULL DEFAULT false;

ALTER TABLE sessions
  -- When the user last proved something in this session; null means created_at.
  ADD COLUMN authenticated_at timestamptz,
  -- What the user proved (RFC 8176).
  ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}',
  -- SHA-256 of the secret in the cookie of the hosted pages.
  ADD COLUMN page_hash bytea;

-- The authenticator app of an account. Secrets are sealed under a key derived from the root secret.
CREATE TABLE totp (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret bytea,
  -- A new secret, which replaces the other once a code of it was shown.
  pending bytea,
  pending_until timestamptz,
  confirmed_at timestamptz,
  -- The last time step of which a code was accepted: no code of it or of an earlier one is accepted again.
  last_step bigint,
  -- Wrong codes since the last right one.
  wrong_codes integer NOT NULL DEFAULT 0,
  CONSTRAINT totp_has_a_secret CHECK (secret IS NOT NULL OR pending IS NOT NULL),
  CONSTRAINT totp_confirmed CHECK ((secret IS NULL) = (confirmed_at IS NULL)),
  CONSTRAINT totp_pending CHECK ((pending IS NULL) = (pending_until IS NULL)),
  CONSTRAINT totp_wrong_codes CHECK (wrong_codes >= 0)
);

CREATE INDEX totp_pending_until ON totp (pending_until) WHERE pending_until IS NOT NULL;

-- Recovery codes by a keyed HMAC of the account and the code.
CREATE TABLE recovery_codes (
  hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  made_at timestamptz NOT NULL,
  used_at timestamptz
);

CREATE INDEX recovery_codes_user_id ON recovery_codes (user_id);

CREATE TABLE passkeys (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- At most 1,023 bytes (WebAuthn Level 3 §4).
  credential_id bytea NOT NULL,
  -- A COSE key (RFC 9052 §7).
  public_key bytea NOT NULL,
  sign_count bigint NOT NULL,
  transports text[] NOT NULL,
  rp_id text NOT NULL,
  aaguid uuid NOT NULL,
  backup_eligible boolean NOT NULL,
  backed_up boolean NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT passkeys_credential_id CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
  CONSTRAINT passkeys_sign_count CHECK (sign_count >= 0),
  CONSTRAINT passkeys_name CHECK (name <> '')
);

CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

-- Sign-ins that wait for a second step, by the SHA-256 of their token.
CREATE TABLE login_steps (
  hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- Void once the account has another.
  password_version integer NOT NULL,
  -- Whether the session is to be kept in a cookie.
  in_cookie boolean NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT login_steps_attempts CHECK (attempts >= 0)
);

CREATE INDEX login_steps_user_id ON login_steps (user_id);
CREATE INDEX login_steps_expires_at ON login_steps (expires_at);

-- Challenges of passkeys that were used, by their SHA-256, for as long as they could be used again.
CREATE TABLE spent_challenges (
  hash bytea PRIMARY KEY,
  over_at timestamptz NOT NULL
);

CREATE INDEX spent_challenges_over_at ON spent_challenges (over_at);
