-- A token is claimed while a password is hashed for it. A claim that is not given back is over at this time.
ALTER TABLE email_tokens ADD COLUMN claimed_until timestamptz;
