-- The first store. Never edited after release; changes come as new migrations.
-- Times are whole seconds since 1970 in UTC. Ids are never reused (AUTOINCREMENT):
-- `goen approve 12` must not mean another mail than the one that was read.

-- How far each watched mailbox has been read (RFC 9051 §2.3.1.1).
CREATE TABLE mailbox (
    account      TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    uid_validity INTEGER NOT NULL,
    last_uid     INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) STRICT;

-- Mails about an application of the user's. Unrelated mails leave no trace here.
CREATE TABLE mail (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    account     TEXT    NOT NULL,
    mailbox     TEXT    NOT NULL,
    uid         INTEGER NOT NULL,
    fingerprint TEXT    NOT NULL UNIQUE, -- Message-ID and content: the same mail found twice is one
    message_id  TEXT,
    received_at INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    verdict     TEXT    NOT NULL,        -- JSON of `classify::Verdict`
    mail        TEXT    NOT NULL,        -- JSON of `mail::Mail`
    seen_at     INTEGER                  -- when the user looked at it here
) STRICT;
CREATE INDEX mail_by_time ON mail (received_at);
CREATE INDEX mail_by_message_id ON mail (message_id);

-- What is to be told, and whether it has been: one row a result, so nothing is told twice.
CREATE TABLE notification (
    mail_id  INTEGER PRIMARY KEY REFERENCES mail (id),
    state    TEXT    NOT NULL CHECK (state IN ('due', 'shown', 'quiet')),
    due_at   INTEGER NOT NULL,
    shown_at INTEGER
) STRICT;
CREATE INDEX notification_due ON notification (due_at) WHERE state = 'due';

-- `goen quiet 3h`: nothing is told until then.
CREATE TABLE quiet (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    until INTEGER NOT NULL
) STRICT;

-- Messages that could not be read: shown by `goen status`, never in the way.
CREATE TABLE set_aside (
    account TEXT    NOT NULL,
    mailbox TEXT    NOT NULL,
    uid     INTEGER NOT NULL,
    why     TEXT    NOT NULL,
    at      INTEGER NOT NULL,
    PRIMARY KEY (account, mailbox, uid)
) STRICT;

-- How each account is doing, for `goen status`.
CREATE TABLE account (
    name       TEXT    PRIMARY KEY,
    health     TEXT    NOT NULL,          -- JSON of `imap::Health`
    since      INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    -- What the user was told of its blindness; nothing since it was last told to be well.
    told       TEXT    CHECK (told IN ('unreachable', 'stopped'))
) STRICT;

-- What happened, for `goen events`: a mail that was found, or how an account is doing since.
CREATE TABLE event (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    account TEXT    NOT NULL,
    mail_id INTEGER REFERENCES mail (id) ON DELETE CASCADE,
    quiet   INTEGER NOT NULL DEFAULT 0, -- found on the first look back
    health  TEXT,                       -- JSON of `imap::Health`
    CHECK ((mail_id IS NULL) <> (health IS NULL))
) STRICT;
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_by_mail ON event (mail_id);

-- The reply that is being written to a mail; at most one a mail.
CREATE TABLE draft (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    mail_id    INTEGER NOT NULL UNIQUE REFERENCES mail (id),
    draft      TEXT    NOT NULL,          -- JSON of `reply::Draft`
    -- 'retired': answered from another mail program.
    state      TEXT    NOT NULL CHECK (state IN ('open', 'discarded', 'retired')),
    -- An answer from elsewhere retires a draft once; what the user revives after that stays.
    elsewhere  INTEGER NOT NULL DEFAULT 0,
    placed     INTEGER NOT NULL DEFAULT 0, -- a copy is in the account's Drafts mailbox
    changed_at INTEGER NOT NULL
) STRICT;

-- Approved replies and how they ended. The rules are `outbox::state`; the constraints say
-- them once more, for the day when the code is wrong.
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    draft_id     INTEGER NOT NULL REFERENCES draft (id),
    account      TEXT    NOT NULL,
    message_id   TEXT    NOT NULL UNIQUE, -- minted at approval: how the copy is found again in Sent
    digest       TEXT    NOT NULL,        -- of what was shown and approved
    reverse_path TEXT    NOT NULL,
    forward_path TEXT    NOT NULL,
    raw          BLOB    NOT NULL,        -- the approved bytes, sent as they are
    -- 'withdrawn': undone, edited, gone stale, or followed by a new approval after it failed.
    state        TEXT    NOT NULL CHECK (state IN ('approved', 'sending', 'sent', 'uncertain', 'failed', 'withdrawn')),
    ended        TEXT    NOT NULL DEFAULT '', -- JSON of `state::Proof` or `state::Why`
    words        TEXT    NOT NULL DEFAULT '', -- what was heard last, of an attempt that did not end it
    attempts     INTEGER NOT NULL DEFAULT 0,
    approved_at  INTEGER NOT NULL,
    planned_at   INTEGER NOT NULL,        -- when the user was told that it would leave
    due_at       INTEGER NOT NULL,        -- the next attempt: `planned_at`, or later after a failed one
    changed_at   INTEGER NOT NULL,
    CHECK (state NOT IN ('failed', 'sent') OR ended <> '')
) STRICT;
-- A draft has at most one submission that counts: none is approved while another went out,
-- still might, or may have.
CREATE UNIQUE INDEX outbox_one_live ON outbox (draft_id) WHERE state <> 'withdrawn';
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'approved';

-- What is still to be done in the user's mailboxes after a submission: the copy in Sent, the mark on
-- the mail that was answered. Apart from the outbox: no failure here may touch a submission.
CREATE TABLE filing (
    outbox_id INTEGER PRIMARY KEY REFERENCES outbox (id),
    attempts  INTEGER NOT NULL DEFAULT 0,
    due_at    INTEGER NOT NULL
) STRICT;
