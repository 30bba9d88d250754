-- Increases when the device cookies of an account are voided and its password stays: when it is disabled, or its sessions
-- are ended. A change of the password voids them by password_version.
ALTER TABLE users ADD COLUMN device_version integer NOT NULL DEFAULT 1;
