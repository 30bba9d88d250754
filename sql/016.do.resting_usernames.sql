-- A username that was given up by a rename: nobody else gets it while access tokens that carry it may be valid.
CREATE TABLE resting_usernames (
  -- Folded as the unique index of users folds it.
  username text PRIMARY KEY,
  -- Who may take it back; nobody once that account is deleted.
  user_id uuid REFERENCES users (id) ON DELETE SET NULL,
  until timestamptz NOT NULL
);

CREATE INDEX resting_usernames_user_id ON resting_usernames (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX resting_usernames_until ON resting_usernames (until);

-- Fails like a unique index where the name rests. Called in RETURNING, so after a statement that had to wait for a
-- concurrent rename; being volatile, it then reads with a new snapshot and sees that rename.
CREATE OR REPLACE FUNCTION refuse_resting_username(name text, owner uuid, moment timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF EXISTS (
    SELECT FROM resting_usernames
    WHERE username = lower(name COLLATE "C") AND user_id IS DISTINCT FROM owner AND until > moment
  ) THEN
    RAISE EXCEPTION 'the username rests' USING ERRCODE = 'unique_violation';
  END IF;
END
$$;
