-- How often something was tried: from a client address, on a name, or with a device that has signed in before. What it
-- was is here as a keyed hash alone. A row that is over counts no more, and is deleted some time later.
CREATE TABLE limits (
  key bytea PRIMARY KEY,
  count integer NOT NULL,
  -- Until then nothing more is let through, whatever the count.
  blocked_until timestamptz,
  over_at timestamptz NOT NULL
);

CREATE INDEX limits_over_at ON limits (over_at);
