-- A revoked key is in no ring any more: its row stays as a record, and its private half is erased.
ALTER TABLE signing_keys
  ADD COLUMN revoked_at timestamptz,
  ALTER COLUMN private_key DROP NOT NULL,
  ADD CHECK ((revoked_at IS NULL) = (private_key IS NOT NULL));
