-- Accounts without a password have no hash. Earlier versions stored '!' for them, which counts as none: during an
-- upgrade, instances of the previous version may still store it. To them, no password matches an account without a hash.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
