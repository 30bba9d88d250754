-- Second factors and passkeys. During an upgrade, instances of the previous version may still run: they require no
-- second step and open sessions by password. The default of each column says so.
LOCK TABLE users, sessions IN ACCESS EXCLUSIVE MODE;

ALTER TABLE users ADD COLUMN mfa_required boolean NOT NULL DEFAULT false;

ALTER TABLE sessions
  -- When the user was last authenticated in this session; null means created_at.
  ADD COLUMN authenticated_at timestamptz,
  -- The methods by which the user was authenticated (RFC 8176).
  ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}',
  -- SHA-256 of the secret in the cookie of the hosted pages.
  ADD COLUMN page_hash bytea;

-- The authenticator app of an account. Secrets are encrypted with a key derived from the root secret.
CREATE TABLE totp (
  user_id uuid PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret bytea,
  -- A new secret. It replaces the other when it is confirmed with one of its codes.
  pending bytea,
  pending_until timestamptz,
  confirmed_at timestamptz,
  -- The time step of the last accepted code. Later codes must have a later one.
  last_step bigint,
  -- Consecutive wrong codes.
  wrong_codes integer NOT NULL DEFAULT 0,
  CONSTRAINT totp_has_a_secret CHECK (secret IS NOT NULL OR pending IS NOT NULL),
  CONSTRAINT totp_confirmed CHECK ((secret IS NULL) = (confirmed_at IS NULL)),
  CONSTRAINT totp_pending CHECK ((pending IS NULL) = (pending_until IS NULL)),
  CONSTRAINT totp_wrong_codes CHECK (wrong_codes >= 0)
);

CREATE INDEX totp_pending_until ON totp (pending_until) WHERE pending_until IS NOT NULL;

-- Recovery codes. The hash is a keyed HMAC of the account and the code.
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

-- Sign-ins that await their second step. The hash is the SHA-256 of the token.
CREATE TABLE login_steps (
  hash bytea PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The step is void once the account has another version.
  password_version integer NOT NULL,
  -- Whether the client wants the refresh token in a cookie.
  in_cookie boolean NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT login_steps_attempts CHECK (attempts >= 0)
);

CREATE INDEX login_steps_user_id ON login_steps (user_id);
CREATE INDEX login_steps_expires_at ON login_steps (expires_at);

-- Used challenges of passkeys, until they have expired. The hash is the SHA-256 of the challenge.
CREATE TABLE spent_challenges (
  hash bytea PRIMARY KEY,
  over_at timestamptz NOT NULL
);

CREATE INDEX spent_challenges_over_at ON spent_challenges (over_at);
