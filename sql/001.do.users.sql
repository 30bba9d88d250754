-- People. A name is unique without regard to case and kept as it was written; the fold is ASCII's, whatever the
-- locale of the database, since names are ASCII.
CREATE TABLE users (
  id uuid PRIMARY KEY,
  username text,
  email text,
  email_verified boolean NOT NULL DEFAULT false,
  password_hash text NOT NULL,
  -- Goes up with each change of the password, but not when the same one is hashed at another cost.
  password_version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL,
  CONSTRAINT users_have_a_name CHECK (username IS NOT NULL OR email IS NOT NULL)
);

CREATE UNIQUE INDEX users_username ON users (lower(username COLLATE "C"));
CREATE UNIQUE INDEX users_email ON users (lower(email COLLATE "C"));
