-- Nobody signs in to an account that is disabled; it keeps its names and all else. Sessions first: requests that are on
-- their way lock the two tables in this order.
ALTER TABLE sessions
  DROP CONSTRAINT sessions_end_reason,
  ADD CONSTRAINT sessions_end_reason CHECK (
    end_reason IN (
      'replayed', 'idle', 'expired', 'logged out', 'ended by the user', 'password changed', 'disabled',
      'ended by an operator'
    )
  );

ALTER TABLE users ADD COLUMN disabled_at timestamptz;

CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
