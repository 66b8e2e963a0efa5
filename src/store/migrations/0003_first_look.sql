-- The newest UID when goen first saw the mailbox: up to it mails are kept quietly, and a first look
-- that was interrupted goes on below it, while what has arrived since is told.
ALTER TABLE mailbox ADD COLUMN old_up_to INTEGER NOT NULL DEFAULT 0;
-- A first look that had not come to its end was marked by a life that no mailbox has.
UPDATE mailbox SET old_up_to = 4294967295 WHERE uid_validity = 0;
