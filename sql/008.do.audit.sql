-- The record: who did what, when and from where. Rows are only added at its end, and only its beginning is ever deleted.
-- Each has a keyed hash over itself and the hash of the row before it, so that whatever else is done to it shows. An
-- account is named by its id, without a reference: what it did stays on record when it is gone.
CREATE TABLE audit (
  seq bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  actor text NOT NULL,
  action text NOT NULL,
  account uuid,
  session uuid,
  -- As text, and the details as json rather than jsonb: the hash is over what is written here to the letter.
  address text,
  request_id text,
  detail json,
  mac bytea NOT NULL,
  CONSTRAINT audit_actor CHECK (actor IN ('client', 'operator', 'service')),
  CONSTRAINT audit_action CHECK (
    action IN (
      'registered', 'login', 'login failed', 'logged out', 'refresh replayed', 'session ended', 'sessions ended',
      'password changed', 'password change failed',
      'login held off', 'registration held off', 'refresh held off', 'password change held off',
      'key rotated', 'key revoked', 'keys rewrapped',
      'user created', 'user disabled', 'user enabled', 'user unlocked', 'user deleted', 'password set',
      'users imported', 'users exported', 'backup made', 'backup restored', 'audit purged',
      'records lost', 'record damaged'
    )
  )
);

CREATE INDEX audit_account ON audit (account, seq) WHERE account IS NOT NULL;

-- Both ends of the record, sealed with a keyed hash of their own: the last row that was purged from its beginning, or 0,
-- and the last row of all. The first that writes makes the one row.
CREATE TABLE audit_head (
  id boolean PRIMARY KEY DEFAULT true CHECK (id),
  purged_seq bigint NOT NULL DEFAULT 0,
  purged_mac bytea NOT NULL DEFAULT '',
  last_seq bigint NOT NULL DEFAULT 0,
  last_mac bytea NOT NULL DEFAULT '',
  seal bytea NOT NULL DEFAULT ''
);
