-- What the user said of a mail, and how that mail is made, for mails like it. Gone when the mail is
-- forgotten or the correction taken back. What goen had read by itself stays in the mail's verdict.
CREATE TABLE correction (
    mail_id  INTEGER PRIMARY KEY REFERENCES mail (id),
    at       INTEGER NOT NULL,
    was      TEXT    NOT NULL,
    outcome  TEXT    NOT NULL,
    company  TEXT,
    template TEXT    NOT NULL               -- JSON of `classify::Template`
) STRICT;
