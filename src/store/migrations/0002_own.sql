-- Your data is yours: what was forgotten does not come back, and text goes when its time is over.

-- Mails that were forgotten, by a digest from which nothing of them can be read: met again, they
-- are not taken in again.
CREATE TABLE forgotten (
    fingerprint TEXT    PRIMARY KEY,
    at          INTEGER NOT NULL
) STRICT;

-- Its text was let go (`store.keep_text_days`).
ALTER TABLE mail ADD COLUMN text_gone INTEGER NOT NULL DEFAULT 0;

-- A damaged file that was set aside.
CREATE TABLE rebuilt (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    at   INTEGER NOT NULL,
    what TEXT    NOT NULL,          -- JSON of `store::Rebuilt`
    told INTEGER NOT NULL DEFAULT 0 -- by a notification
) STRICT;
