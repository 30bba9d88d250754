-- The words for actions, mails, purposes of tokens and reasons of an ended session are defined once, in TypeScript, so
-- that a new one needs no migration. Here they only must not be empty; rows that are there already fit.
LOCK TABLE users, sessions, mails, email_tokens, audit IN ACCESS EXCLUSIVE MODE;

ALTER TABLE sessions
  DROP CONSTRAINT sessions_end_reason,
  ADD CONSTRAINT sessions_end_reason CHECK (end_reason <> '') NOT VALID;

ALTER TABLE mails DROP CONSTRAINT mails_kind, ADD CONSTRAINT mails_kind CHECK (kind <> '') NOT VALID;

ALTER TABLE email_tokens
  DROP CONSTRAINT email_tokens_purpose,
  ADD CONSTRAINT email_tokens_purpose CHECK (purpose <> '') NOT VALID;

ALTER TABLE audit
  DROP CONSTRAINT audit_actor,
  DROP CONSTRAINT audit_action,
  ADD CONSTRAINT audit_actor CHECK (actor <> '') NOT VALID,
  ADD CONSTRAINT audit_action CHECK (action <> '') NOT VALID;
