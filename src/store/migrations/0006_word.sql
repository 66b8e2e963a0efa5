-- What is to be said, once, about a reply that did not leave as it was approved.
CREATE TABLE word (
    outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    what      TEXT    NOT NULL CHECK (what IN ('failed', 'uncertain', 'lapsed')),
    at        INTEGER NOT NULL
) STRICT;
