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
