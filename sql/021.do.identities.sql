-- Accounts at other providers with which people sign in. The issuer and the subject identify a person; an address never
-- does.
CREATE TABLE identities (
  id uuid PRIMARY KEY,
  user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  -- The id of the provider in the settings.
  provider text NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  -- The address at the provider, shown to the owner.
  email text,
  linked_at timestamptz NOT NULL,
  last_used_at timestamptz,
  CONSTRAINT identities_subject CHECK (subject <> '')
);

CREATE UNIQUE INDEX identities_issuer_subject ON identities (issuer, subject);
CREATE INDEX identities_user_id ON identities (user_id);

-- What the first step of a sign-in proved. Instances of the previous version begin steps with a password only.
ALTER TABLE login_steps ADD COLUMN amr text[] NOT NULL DEFAULT '{pwd}';
