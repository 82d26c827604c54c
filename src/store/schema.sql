-- The whole database, as the sum of migrations/ leaves it; a test compares the two.
--
-- Times are RFC 3339 in UTC with nine digits of a second, so that text order is time order.
-- `seq` is the order in which rows were written; clocks may jump, it does not.
-- Lists and records that are only ever read whole are JSON.

CREATE TABLE label (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    name          TEXT NOT NULL UNIQUE,
    emails        TEXT NOT NULL CHECK (json_valid(emails)),
    dsps          TEXT NOT NULL CHECK (json_valid(dsps)),
    profile       TEXT NOT NULL CHECK (profile IN ('guide', 'strict')),
    dpid          TEXT,
    password_hash TEXT,
    keys          TEXT NOT NULL CHECK (json_valid(keys)),
    disabled      INTEGER NOT NULL CHECK (disabled IN (0, 1)),
    created_at    TEXT NOT NULL
, territories TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(territories)), allow_from TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allow_from)), require TEXT NOT NULL DEFAULT 'any'
    CHECK (require IN ('any', 'key+password')), expires_at TEXT, takes_ern4 INTEGER NOT NULL DEFAULT 0 CHECK (takes_ern4 IN (0, 1)), in_test INTEGER NOT NULL DEFAULT 0 CHECK (in_test IN (0, 1))) STRICT;

CREATE TABLE package (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    label           TEXT NOT NULL REFERENCES label (id),
    folder          TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN (
                        'receiving', 'incoming', 'invalid', 'needs_qc', 'qc_approved',
                        'qc_rejected', 'delivered', 'superseded', 'parked')),
    attempt         INTEGER NOT NULL CHECK (attempt >= 1),
    -- Whether it ever became ours; only then does it count as an attempt.
    claimed         INTEGER NOT NULL DEFAULT 0 CHECK (claimed IN (0, 1)),
    -- Barcode as the message states it, and its comparable form (GTIN-14).
    icpn            TEXT,
    gtin            TEXT,
    title           TEXT,
    artist          TEXT,
    tracks          INTEGER NOT NULL DEFAULT 0 CHECK (tracks >= 0),
    message_id      TEXT,
    message_created TEXT,
    -- SHA-256 over the manifest's sorted lines.
    fingerprint     TEXT,
    is_test         INTEGER NOT NULL DEFAULT 0 CHECK (is_test IN (0, 1)),
    errors          INTEGER NOT NULL DEFAULT 0,
    questions       INTEGER NOT NULL DEFAULT 0,
    warnings        INTEGER NOT NULL DEFAULT 0,
    infos           INTEGER NOT NULL DEFAULT 0,
    waiting_for     TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(waiting_for)),
    -- What the label was last told to be missing, so that it is told once.
    stalled_for     TEXT CHECK (stalled_for IS NULL OR json_valid(stalled_for)),
    via_sftp        INTEGER NOT NULL CHECK (via_sftp IN (0, 1)),
    received_at     TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX package_receiving ON package (label, folder) WHERE status = 'receiving';
CREATE INDEX package_release ON package (label, gtin);
CREATE INDEX package_folder ON package (label, folder);
CREATE INDEX package_gtin ON package (gtin) WHERE gtin IS NOT NULL;
CREATE INDEX package_status ON package (status);

-- The truth. A package's status is what its last event left.
CREATE TABLE event (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    package TEXT NOT NULL REFERENCES package (id),
    number  INTEGER NOT NULL CHECK (number >= 1),
    at      TEXT NOT NULL,
    actor   TEXT NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN (
                'stalled', 'claimed', 'found_invalid', 'found_valid', 'approved', 'rejected',
                'all_pushed', 'replaced', 'withdrawn', 'parked', 'unparked',
                'over_quota', 'abandoned', 'duplicate')),
    status  TEXT NOT NULL CHECK (status IN (
                'receiving', 'incoming', 'invalid', 'needs_qc', 'qc_approved',
                'qc_rejected', 'delivered', 'superseded', 'parked')),
    body    TEXT NOT NULL CHECK (json_valid(body)),
    UNIQUE (package, number)
) STRICT;

CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event BEGIN
    SELECT RAISE(ABORT, 'the log of events is append-only');
END;

CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event BEGIN
    SELECT RAISE(ABORT, 'the log of events is append-only');
END;

CREATE TRIGGER package_begins_receiving BEFORE INSERT ON package
WHEN NEW.status <> 'receiving' BEGIN
    SELECT RAISE(ABORT, 'a package begins in status receiving');
END;

CREATE TRIGGER package_final_stays BEFORE UPDATE OF status ON package
WHEN OLD.status IN ('invalid', 'qc_rejected', 'delivered', 'superseded')
    AND NEW.status <> OLD.status BEGIN
    SELECT RAISE(ABORT, 'a final status is not changed');
END;

CREATE TRIGGER package_status_has_event BEFORE UPDATE OF status ON package
WHEN NEW.status <> OLD.status AND NEW.status IS NOT (
    SELECT status FROM event WHERE package = NEW.id ORDER BY number DESC LIMIT 1) BEGIN
    SELECT RAISE(ABORT, 'a status is set by its event only');
END;

CREATE TRIGGER package_is_not_deleted BEFORE DELETE ON package BEGIN
    SELECT RAISE(ABORT, 'packages are kept');
END;

CREATE TABLE report (
    package TEXT PRIMARY KEY REFERENCES package (id),
    at      TEXT NOT NULL,
    body    TEXT NOT NULL CHECK (json_valid(body)),
    -- Pairs of code and place of the errors: what the next attempt is compared with.
    errors  TEXT NOT NULL CHECK (json_valid(errors))
) STRICT;

-- Claims under way: written before the rename, gone with the claimed event.
CREATE TABLE intent (
    package TEXT PRIMARY KEY REFERENCES package (id),
    at      TEXT NOT NULL,
    body    TEXT NOT NULL CHECK (json_valid(body))
) STRICT;

-- Outbox to people: one row for each letter and address.
CREATE TABLE letter (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    package     TEXT NOT NULL REFERENCES package (id),
    -- The log line that set it off.
    event       INTEGER NOT NULL REFERENCES event (seq),
    -- The push it is about, if it is about one.
    push        TEXT REFERENCES push (id),
    kind        TEXT NOT NULL CHECK (kind IN (
                    'stalled', 'incoming', 'invalid', 'needs_qc', 'qc_approved', 'qc_rejected',
                    'delivered', 'parked', 'operator_parked', 'operator_push_failed',
                    'over_quota', 'abandoned', 'duplicate', 'taken_down')),
    recipient   TEXT NOT NULL,
    thread_root TEXT REFERENCES letter (id),
    state       TEXT NOT NULL CHECK (state IN ('due', 'sent', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    due_at      TEXT NOT NULL,
    created_at  TEXT NOT NULL,
    sent_at     TEXT,
    last_error  TEXT,
    mime        BLOB,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX letter_once ON letter (event, kind, recipient) WHERE push IS NULL;
CREATE INDEX letter_due ON letter (due_at) WHERE state = 'due';
CREATE INDEX letter_dead ON letter (seq) WHERE state = 'dead';
CREATE INDEX letter_package ON letter (package, recipient);

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

CREATE UNIQUE INDEX push_once ON push (package, dsp) WHERE takedown IS NULL;
CREATE INDEX push_package ON push (package, dsp);
CREATE INDEX push_takedown ON push (takedown) WHERE takedown IS NOT NULL;
CREATE INDEX push_open ON push (dsp, due_at) WHERE state IN ('queued', 'sent_unknown');
CREATE INDEX push_running ON push (epoch) WHERE epoch IS NOT NULL;
CREATE INDEX push_message ON push (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX push_batch ON push (batch) WHERE batch IS NOT NULL;
CREATE INDEX push_state ON push (state);

CREATE TRIGGER push_sent_stays BEFORE UPDATE OF state ON push
WHEN OLD.state IN ('sent', 'acknowledged')
    AND NEW.state NOT IN ('sent', 'acknowledged', 'refused') BEGIN
    SELECT RAISE(ABORT, 'a push that was sent stays sent');
END;

-- Packages that went, or go, to a DSP together; `id` is the BatchId.
CREATE TABLE batch (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    dsp        TEXT NOT NULL,
    -- Tries begun, as for a push.
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
) STRICT;

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

-- One row for each start of the daemon; the highest number is the one that may claim.
CREATE TABLE epoch (
    number     INTEGER PRIMARY KEY,
    started_at TEXT NOT NULL
) STRICT;

-- What is agreed with a label about single rules: each row is one change, and the last of a code
-- holds. Whoever asks why a fault was let through finds who wanted it so, when, and why.
CREATE TABLE rule_change (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    label   TEXT NOT NULL REFERENCES label (id),
    code    TEXT NOT NULL,
    -- 'default': what the catalogue says.
    setting TEXT NOT NULL CHECK (setting IN (
                'error', 'question', 'warning', 'info', 'off', 'default')),
    reason  TEXT NOT NULL CHECK (trim(reason) <> ''),
    actor   TEXT NOT NULL,
    at      TEXT NOT NULL
) STRICT;

CREATE INDEX rule_change_label ON rule_change (label, seq);

CREATE TRIGGER rule_change_is_not_changed BEFORE UPDATE ON rule_change BEGIN
    SELECT RAISE(ABORT, 'changes of rules are kept as they were');
END;

CREATE TRIGGER rule_change_is_not_deleted BEFORE DELETE ON rule_change BEGIN
    SELECT RAISE(ABORT, 'changes of rules are kept as they were');
END;

-- The tracks of packages that were found valid: what later packages are compared with. Whether a
-- package counts is told by its status.
CREATE TABLE recording (
    seq         INTEGER PRIMARY KEY,
    package     TEXT NOT NULL REFERENCES package (id),
    number      INTEGER NOT NULL CHECK (number >= 0),
    -- The twelve characters.
    isrc        TEXT,
    title       TEXT NOT NULL,
    artist      TEXT NOT NULL,
    duration_ms INTEGER,
    -- Hash of the samples.
    sound       TEXT
) STRICT;

CREATE INDEX recording_package ON recording (package);
CREATE INDEX recording_isrc ON recording (isrc) WHERE isrc IS NOT NULL;
CREATE INDEX recording_sound ON recording (sound) WHERE sound IS NOT NULL;

-- What the cover of a judged package looks like (`domain::likeness`), to be compared with those to
-- come.
CREATE TABLE cover (
    package  TEXT PRIMARY KEY REFERENCES package (id),
    label    TEXT NOT NULL REFERENCES label (id),
    likeness TEXT NOT NULL
) STRICT;

CREATE INDEX cover_label ON cover (label);

-- What is agreed with a label about its upload space; NULL: what the configuration says.
CREATE TABLE quota (
    label   TEXT PRIMARY KEY REFERENCES label (id),
    bytes   INTEGER CHECK (bytes >= 0),
    files   INTEGER CHECK (files >= 0),
    folders INTEGER CHECK (folders >= 0),
    depth   INTEGER CHECK (depth >= 1),
    actor   TEXT NOT NULL,
    at      TEXT NOT NULL
) STRICT;

-- An upload that is the same as a package that we have.
CREATE INDEX package_fingerprint ON package (label, fingerprint) WHERE fingerprint IS NOT NULL;

-- Labels whose upload space was full.
CREATE INDEX event_over_quota ON event (at) WHERE kind = 'over_quota';
-- What the daemon knew when it last looked or stopped.
CREATE TABLE penalty (
    source   TEXT PRIMARY KEY,
    until    TEXT NOT NULL,
    enforced INTEGER NOT NULL CHECK (enforced IN (0, 1)),
    offence  TEXT NOT NULL,
    failures INTEGER NOT NULL CHECK (failures >= 0)
) STRICT;

-- Networks that the operator forgave, until the daemon has done so too.
CREATE TABLE pardon (
    seq INTEGER PRIMARY KEY,
    net TEXT NOT NULL
) STRICT;

-- What was said about one release at one DSP: each row is one change, and the last of a field holds.
-- Whoever asks why a store has it otherwise finds who wanted it so, when, and why.
CREATE TABLE release_override (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    label   TEXT NOT NULL REFERENCES label (id),
    -- The release's barcode as GTIN-14, or its package where it has none; as in `thread`.
    release TEXT NOT NULL,
    dsp     TEXT NOT NULL,
    field   TEXT NOT NULL CHECK (field IN (
                'block', 'territories', 'start', 'price-tier', 'models', 'use-types')),
    -- NULL: taken back.
    value   TEXT CHECK (value IS NULL OR json_valid(value)),
    reason  TEXT CHECK (reason IS NULL OR trim(reason) <> ''),
    actor   TEXT NOT NULL,
    at      TEXT NOT NULL,
    CHECK (field <> 'block' OR value IS NULL OR reason IS NOT NULL)
) STRICT;

CREATE INDEX release_override_release ON release_override (label, release, seq);

CREATE TRIGGER release_override_is_not_changed BEFORE UPDATE ON release_override BEGIN
    SELECT RAISE(ABORT, 'overrides are kept as they were said');
END;

CREATE TRIGGER release_override_is_not_deleted BEFORE DELETE ON release_override BEGIN
    SELECT RAISE(ABORT, 'overrides are kept as they were said');
END;
-- What of the label's message a DSP is not told (DSP-003), as it was when the push was prepared.
CREATE TABLE loss (
    push   TEXT NOT NULL REFERENCES push (id),
    number INTEGER NOT NULL,
    text   TEXT NOT NULL,
    PRIMARY KEY (push, number)
) STRICT;

-- Pushes that a person wants not before a time. Any other time that lies further ahead than the
-- daemon ever waits comes from a clock that was wrong.
CREATE TABLE appointment (
    push TEXT PRIMARY KEY REFERENCES push (id),
    at   TEXT NOT NULL
) STRICT;
