-- Applications: mails of one application as one story, what is to be told of it later, and what the
-- user has written about it.

CREATE TABLE application (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    company   TEXT,               -- the user's own name for it; else its mails name it
    position  TEXT,
    closed_at INTEGER,            -- put away by the user; a later mail opens it again
    planned   INTEGER NOT NULL DEFAULT 0 -- 0: its reminders are to be worked out anew
) STRICT;

-- A mail in its application. A mail about several has one row a result, counted from 1.
CREATE TABLE step (
    mail_id        INTEGER NOT NULL REFERENCES mail (id) ON DELETE CASCADE,
    part           INTEGER NOT NULL,
    application_id INTEGER NOT NULL REFERENCES application (id),
    by_user        INTEGER NOT NULL DEFAULT 0, -- put there by the user, so it stays
    stale          INTEGER NOT NULL DEFAULT 0, -- the mail's verdict has changed since
    outcome        TEXT    NOT NULL,
    withdrawn      INTEGER NOT NULL,
    company        TEXT    NOT NULL, -- made comparable, see `application::name`; '' if not named
    position       TEXT    NOT NULL,
    domain         TEXT    NOT NULL, -- '' unless it is the company's own
    thread         TEXT    NOT NULL, -- JSON: its Message-ID and those it answers
    found_at       INTEGER NOT NULL,
    PRIMARY KEY (mail_id, part)
) STRICT;
CREATE INDEX step_by_application ON step (application_id);
CREATE INDEX step_by_company ON step (company) WHERE company <> '';
CREATE INDEX step_by_domain ON step (domain) WHERE domain <> '';

CREATE TRIGGER step_goes_stale AFTER UPDATE OF verdict ON mail BEGIN
    UPDATE step SET stale = 1 WHERE mail_id = NEW.id;
END;
CREATE TRIGGER application_gains_step AFTER INSERT ON step BEGIN
    UPDATE application SET planned = 0 WHERE id = NEW.application_id;
END;
CREATE TRIGGER application_changes AFTER UPDATE OF application_id, outcome ON step BEGIN
    UPDATE application SET planned = 0 WHERE id IN (OLD.application_id, NEW.application_id);
    DELETE FROM application WHERE id = OLD.application_id
        AND NOT EXISTS (SELECT 1 FROM step WHERE application_id = OLD.application_id);
END;
CREATE TRIGGER application_loses_step AFTER DELETE ON step BEGIN
    UPDATE application SET planned = 0 WHERE id = OLD.application_id;
    DELETE FROM application WHERE id = OLD.application_id
        AND NOT EXISTS (SELECT 1 FROM step WHERE application_id = OLD.application_id);
END;

-- What is to be told later. Rows that are still due follow from the steps (`reminder::plan`); what
-- was shown stays, so that nothing is told twice.
CREATE TABLE reminder (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    -- None once its application is gone (its mails were placed anew): it is not told any more.
    application_id INTEGER REFERENCES application (id) ON DELETE SET NULL,
    mail_id        INTEGER NOT NULL REFERENCES mail (id) ON DELETE CASCADE,
    part           INTEGER NOT NULL,
    kind           TEXT    NOT NULL,
    about          TEXT    NOT NULL, -- JSON of `deadline::Moment`
    due_at         INTEGER NOT NULL,
    until          INTEGER NOT NULL, -- told later than this, it would be of no use
    state          TEXT    NOT NULL CHECK (state IN ('due', 'shown')),
    shown_at       INTEGER,
    seen_at        INTEGER, -- when the user looked at its application after it was told
    UNIQUE (mail_id, part, kind, about)
) STRICT;
CREATE INDEX reminder_due ON reminder (due_at) WHERE state = 'due';

-- The user's own notes, one a mail (振り返りメモ).
CREATE TABLE memo (
    mail_id    INTEGER PRIMARY KEY REFERENCES mail (id) ON DELETE CASCADE,
    text       TEXT    NOT NULL, -- Markdown
    changed_at INTEGER NOT NULL
) STRICT;
