-- Each refresh token is judged by its own first use. previous_hash and rotated_at hold the latest rotation; these hold the
-- ones before it within one grace, newest first, seven at most. They are null in a session that rotates once in a while,
-- and in no index.
ALTER TABLE sessions
  ADD COLUMN earlier_hashes bytea[],
  ADD COLUMN earlier_rotated_at timestamptz[];
