-- What the cover of a judged package looks like (`domain::likeness`), to be compared with those to
-- come.
CREATE TABLE cover (
    package  TEXT PRIMARY KEY REFERENCES package (id),
    label    TEXT NOT NULL REFERENCES label (id),
    likeness TEXT NOT NULL
) STRICT;

CREATE INDEX cover_label ON cover (label);
