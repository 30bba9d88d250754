-- The outbox: mails that wait to be sent, each written in the transaction of what it tells of. It has no secret: the
-- token of a link is derived when the mail is sent. What has been sent is deleted, and so is what cannot be for a day.
CREATE TABLE mails (
  id uuid PRIMARY KEY,
  kind text NOT NULL,
  recipient text NOT NULL,
  user_id uuid REFERENCES users (id) ON DELETE CASCADE,
  data jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  -- When it may be taken: an instance that takes it moves this on, so that it comes up again should that instance die.
  next_attempt_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  CONSTRAINT mails_kind CHECK (
    kind IN (
      'verify email', 'reset password', 'password changed', 'confirm new email', 'email changed',
      'finish registration', 'registration asked', 'reset asked', 'verification asked'
    )
  )
);

CREATE INDEX mails_next_attempt_at ON mails (next_attempt_at);
CREATE INDEX mails_user_id ON mails (user_id) WHERE user_id IS NOT NULL;
