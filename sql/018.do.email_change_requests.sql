-- When a change of address was requested. An attacker may add factors before the confirmation.
ALTER TABLE email_tokens ADD COLUMN asked_at timestamptz;
ALTER TABLE email_changes ADD COLUMN asked_at timestamptz;
