-- Releases are taken down: an operator's order is kept with who and why, and a package may have more
-- than one push to a DSP, because a takedown is based on the version that is live there. The table is
-- made anew, because SQLite cannot drop a UNIQUE; letters and acknowledgements keep pointing at it.
PRAGMA defer_foreign_keys = ON;

-- Orders of operators to take a release down.
CREATE TABLE takedown (
    seq     INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    label   TEXT NOT NULL REFERENCES label (id),
    -- The release's barcode as GTIN-14, or its package where it has none.
    release TEXT NOT NULL,
    -- DSPs that it is about.
    dsps    TEXT NOT NULL CHECK (json_valid(dsps)),
    actor   TEXT NOT NULL,
    reason  TEXT NOT NULL CHECK (trim(reason) <> ''),
    purge   INTEGER NOT NULL CHECK (purge IN (0, 1)),
    at      TEXT NOT NULL,
    -- When the label was told that it is done.
    told_at TEXT
) STRICT;

CREATE INDEX takedown_release ON takedown (label, release);

CREATE TRIGGER takedown_is_not_changed BEFORE UPDATE ON takedown
WHEN NEW.label <> OLD.label OR NEW.release <> OLD.release OR NEW.dsps <> OLD.dsps
    OR NEW.actor <> OLD.actor OR NEW.reason <> OLD.reason OR NEW.at <> OLD.at BEGIN
    SELECT RAISE(ABORT, 'who took a release down, and why, is kept as it was');
END;

CREATE TRIGGER takedown_is_not_deleted BEFORE DELETE ON takedown BEGIN
    SELECT RAISE(ABORT, 'who took a release down, and why, is kept');
END;

CREATE TEMP TABLE push_before AS SELECT * FROM push;

DROP TABLE push;

-- Outbox to DSPs: one row for each package and DSP, and one for each takedown that an operator orders.
CREATE TABLE push (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    package    TEXT NOT NULL REFERENCES package (id),
    dsp        TEXT NOT NULL,
    -- What it is to the DSP; takedowns go first.
    kind       TEXT NOT NULL DEFAULT 'new' CHECK (kind IN ('takedown', 'update', 'new')),
    -- The operator's order that it carries out; nothing for what a label's package asks for.
    takedown   TEXT REFERENCES takedown (id),
    state      TEXT NOT NULL CHECK (state IN (
                   'queued', 'preparing', 'sending', 'sent', 'sent_unknown', 'acknowledged',
                   'refused', 'failed', 'blocked', 'cancelled')),
    -- Tries begun; never set back, because with `epoch` it tells one claim from another.
    attempts   INTEGER NOT NULL DEFAULT 0,
    -- Tries that failed since approval or since a person last asked for another try.
    failures   INTEGER NOT NULL DEFAULT 0,
    -- Set while a worker has it.
    epoch      INTEGER,
    due_at     TEXT NOT NULL,
    -- From when its age counts: approval, or the last time a person asked for another try.
    since      TEXT NOT NULL,
    last_error TEXT,
    location   TEXT,
    batch      TEXT REFERENCES batch (id),
    -- MessageId of the message that was made for it, if one was.
    message_id TEXT,
    is_test    INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1)),
    -- Only the DSP's word makes it delivered.
    awaits_ack INTEGER NOT NULL DEFAULT 0 CHECK (awaits_ack IN (0, 1)),
    link       TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    CHECK (takedown IS NULL OR kind = 'takedown'),
    CHECK (state NOT IN ('sent', 'sent_unknown', 'acknowledged', 'refused')
        OR location IS NOT NULL),
    CHECK ((state IN ('preparing', 'sending') AND epoch IS NOT NULL)
        OR (state = 'sent_unknown') OR (state NOT IN ('preparing', 'sending') AND epoch IS NULL))
) STRICT;

INSERT INTO push (seq, id, package, dsp, kind, state, attempts, failures, epoch, due_at, since,
    last_error, location, batch, message_id, is_test, awaits_ack, link, created_at, updated_at)
SELECT seq, id, package, dsp, kind, state, attempts, failures, epoch, due_at, since,
    last_error, location, batch, message_id, is_test, awaits_ack, link, created_at, updated_at
FROM push_before;

DROP TABLE push_before;

CREATE UNIQUE INDEX push_once ON push (package, dsp) WHERE takedown IS NULL;
CREATE INDEX push_package ON push (package, dsp);
CREATE INDEX push_takedown ON push (takedown) WHERE takedown IS NOT NULL;
CREATE INDEX push_open ON push (dsp, due_at) WHERE state IN ('queued', 'sent_unknown');
CREATE INDEX push_running ON push (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX push_message ON push (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX push_batch ON push (batch) WHERE batch IS NOT NULL;

CREATE TRIGGER push_sent_stays BEFORE UPDATE OF state ON push
WHEN OLD.state IN ('sent', 'acknowledged')
    AND NEW.state NOT IN ('sent', 'acknowledged', 'refused') BEGIN
    SELECT RAISE(ABORT, 'a push that was sent stays sent');
END;

-- A new kind of letter; as in step 6 only a CHECK grows.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    '''over_quota'', ''abandoned'', ''duplicate'')),',
    '''over_quota'', ''abandoned'', ''duplicate'', ''taken_down'')),')
WHERE type = 'table' AND name = 'letter';
PRAGMA writable_schema = RESET;
