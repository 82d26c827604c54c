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

-- New kinds of events and letters. Only the two CHECKs grow, and every row that passed them passes
-- still, so the text of the schema is all there is to change; making the tables anew would have to
-- delete the log. See "Making Other Kinds Of Table Schema Changes" of SQLite's ALTER TABLE.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    '''withdrawn'', ''parked'', ''unparked'')),',
    '''withdrawn'', ''parked'', ''unparked'',
                ''over_quota'', ''abandoned'', ''duplicate'')),')
WHERE type = 'table' AND name = 'event';
UPDATE sqlite_schema SET sql = replace(sql,
    '''operator_parked'', ''operator_push_failed'')),',
    '''operator_parked'', ''operator_push_failed'',
                    ''over_quota'', ''abandoned'', ''duplicate'')),')
WHERE type = 'table' AND name = 'letter';
PRAGMA writable_schema = RESET;
