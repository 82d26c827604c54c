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
