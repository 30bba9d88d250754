-- A refresh token is replaced each time it is used. The successor is derived from the token before it and the nonce, so
-- that within the grace it can be given again; of the two tokens only hashes are here.
ALTER TABLE sessions
  ADD COLUMN previous_hash bytea,
  ADD COLUMN nonce bytea,
  ADD COLUMN rotated_at timestamptz,
  ADD COLUMN end_reason text;

UPDATE sessions SET end_reason = 'ended by the user' WHERE ended_at IS NOT NULL;

-- None of these columns is in an index, and each page keeps room: a rotation then touches the row alone.
ALTER TABLE sessions SET (fillfactor = 80);

ALTER TABLE sessions
  ADD CONSTRAINT sessions_end_has_a_reason CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
  ADD CONSTRAINT sessions_end_reason CHECK (
    end_reason IN ('replayed', 'idle', 'expired', 'logged out', 'ended by the user', 'password changed')
  );
