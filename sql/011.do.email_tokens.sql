-- Goes up with each change of the address, as password_version does with each of the password: what was sent while it was
-- another one is void.
ALTER TABLE users ADD COLUMN email_version integer NOT NULL DEFAULT 1;

-- Proven addresses that were replaced. Each can be had back for some days, and nobody else registers it meanwhile.
CREATE TABLE email_changes (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  previous_email text NOT NULL,
  -- The version of the address that was replaced.
  email_version integer NOT NULL,
  changed_at timestamptz NOT NULL,
  undone_at timestamptz
);

CREATE INDEX email_changes_user_id ON email_changes (user_id);
CREATE INDEX email_changes_previous_email ON email_changes (lower(previous_email COLLATE "C"));
CREATE INDEX email_changes_changed_at ON email_changes (changed_at);

-- The tokens of links in mails, each here by its SHA-256 alone. It is derived when its mail is sent, and so the same
-- however often that is; a row stays for longer than that can be, so that what was used is not taken for new.
CREATE TABLE email_tokens (
  hash bytea PRIMARY KEY,
  purpose text NOT NULL,
  -- Of one purpose, only the token of the newest mail is alive; the ids of mails are in the order of their making.
  mail_id uuid NOT NULL,
  -- Whose it is, or nobody's yet: that of a registration.
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  email text NOT NULL,
  -- The versions with which it is void as soon as the account has others.
  password_version integer,
  email_version integer,
  -- What it undoes.
  email_change uuid REFERENCES email_changes (id) ON DELETE CASCADE,
  sent_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  CONSTRAINT email_tokens_purpose CHECK (
    purpose IN ('verify email', 'reset password', 'confirm new email', 'undo email change', 'finish registration')
  ),
  CONSTRAINT email_tokens_owner CHECK ((user_id IS NULL) = (purpose = 'finish registration')),
  CONSTRAINT email_tokens_change CHECK ((email_change IS NULL) = (purpose <> 'undo email change'))
);

CREATE INDEX email_tokens_user_id ON email_tokens (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX email_tokens_email ON email_tokens (lower(email COLLATE "C")) WHERE user_id IS NULL;
CREATE INDEX email_tokens_email_change ON email_tokens (email_change) WHERE email_change IS NOT NULL;
CREATE INDEX email_tokens_expires_at ON email_tokens (expires_at);

ALTER TABLE sessions
  DROP CONSTRAINT sessions_end_reason,
  ADD CONSTRAINT sessions_end_reason CHECK (
    end_reason IN (
      'replayed', 'idle', 'expired', 'logged out', 'ended by the user', 'password changed', 'disabled',
      'ended by an operator', 'email change undone'
    )
  );

ALTER TABLE audit
  DROP CONSTRAINT audit_action,
  ADD CONSTRAINT audit_action CHECK (
    action IN (
      'registered', 'login', 'login failed', 'logged out', 'refresh replayed', 'session ended', 'sessions ended',
      'password changed', 'password change failed', 'password reset',
      'mail asked', 'email verified', 'email change asked', 'email change failed', 'email changed', 'email change undone',
      'username changed', 'data exported', 'account deletion failed',
      'login held off', 'registration held off', 'refresh held off', 'password change held off', 'mail held off',
      'email change held off', 'username change held off', 'export held off', 'account deletion held off',
      'key rotated', 'key revoked', 'keys rewrapped',
      'user created', 'user disabled', 'user enabled', 'user unlocked', 'user deleted', 'password set',
      'users imported', 'users exported', 'backup made', 'backup restored', 'audit purged',
      'records lost', 'record damaged'
    )
  );
