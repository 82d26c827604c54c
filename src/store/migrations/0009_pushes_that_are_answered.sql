-- Pushes get the states between approval and a DSP's answer, batches, threads, and a gate for each
-- DSP. The table is made anew, because SQLite cannot change a CHECK; letters keep pointing at it.
PRAGMA defer_foreign_keys = ON;

CREATE TEMP TABLE push_before AS SELECT * FROM push;

DROP TABLE push;

-- Packages that went, or go, to a DSP together; `id` is the BatchId.
CREATE TABLE batch (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    dsp        TEXT NOT NULL,
    -- Tries begun, as for a push.
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
) STRICT;

-- Outbox to DSPs: one row for each package and DSP.
CREATE TABLE push (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    package    TEXT NOT NULL REFERENCES package (id),
    dsp        TEXT NOT NULL,
    -- What it is to the DSP; takedowns go first.
    kind       TEXT NOT NULL DEFAULT 'new' CHECK (kind IN ('takedown', 'update', 'new')),
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
    UNIQUE (package, dsp),
    CHECK (state NOT IN ('sent', 'sent_unknown', 'acknowledged', 'refused')
        OR location IS NOT NULL),
    CHECK ((state IN ('preparing', 'sending') AND epoch IS NOT NULL)
        OR (state = 'sent_unknown') OR (state NOT IN ('preparing', 'sending') AND epoch IS NULL))
) STRICT;

INSERT INTO push (seq, id, package, dsp, state, attempts, failures, epoch, due_at, since,
    last_error, location, created_at, updated_at)
SELECT seq, id, package, dsp, state, attempts, failures, epoch, due_at, created_at,
    last_error, location, created_at, updated_at
FROM push_before;

DROP TABLE push_before;

CREATE INDEX push_open ON push (dsp, due_at) WHERE state IN ('queued', 'sent_unknown');
CREATE INDEX push_running ON push (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX push_message ON push (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX push_batch ON push (batch) WHERE batch IS NOT NULL;

CREATE TRIGGER push_sent_stays BEFORE UPDATE OF state ON push
WHEN OLD.state IN ('sent', 'acknowledged')
    AND NEW.state NOT IN ('sent', 'acknowledged', 'refused') BEGIN
    SELECT RAISE(ABORT, 'a push that was sent stays sent');
END;

-- One MessageThreadId for a release at a DSP, for ever.
CREATE TABLE thread (
    label      TEXT NOT NULL REFERENCES label (id),
    -- The release's barcode as GTIN-14, or its package where it has none.
    release    TEXT NOT NULL,
    dsp        TEXT NOT NULL,
    message_thread TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    PRIMARY KEY (label, release, dsp)
) STRICT;

CREATE TRIGGER thread_is_not_changed BEFORE UPDATE ON thread BEGIN
    SELECT RAISE(ABORT, 'a thread is for ever');
END;

-- What holds pushes to a DSP back: a person, or that it cannot be reached.
CREATE TABLE gate (
    dsp          TEXT PRIMARY KEY,
    paused_at    TEXT,
    paused_by    TEXT,
    paused_why   TEXT,
    -- Failures in a row to reach it, and until when it is left alone.
    failures     INTEGER NOT NULL DEFAULT 0,
    closed_until TEXT,
    last_error   TEXT,
    CHECK ((paused_at IS NULL) = (paused_by IS NULL))
) STRICT;

-- Acknowledgements of DSPs that were read, whether or not we know what they are about.
CREATE TABLE acknowledgement (
    seq   INTEGER PRIMARY KEY,
    dsp   TEXT NOT NULL,
    -- Name of the file at the DSP, and its size: a file that grows is read again.
    name  TEXT NOT NULL,
    size  INTEGER NOT NULL,
    -- Each release that it speaks of is one row; the first is 0.
    part  INTEGER NOT NULL DEFAULT 0,
    at    TEXT NOT NULL,
    push  TEXT REFERENCES push (id),
    status TEXT NOT NULL,
    text  TEXT,
    UNIQUE (dsp, name, size, part)
) STRICT;
