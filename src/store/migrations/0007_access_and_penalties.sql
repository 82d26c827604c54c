-- From where, how and until when a label may log in, and what sources owe for failed logins.
ALTER TABLE label ADD COLUMN allow_from TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allow_from));
ALTER TABLE label ADD COLUMN require TEXT NOT NULL DEFAULT 'any'
    CHECK (require IN ('any', 'key+password'));
ALTER TABLE label ADD COLUMN expires_at TEXT;

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
