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
