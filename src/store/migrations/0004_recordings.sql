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

-- Those of packages that were judged before.
INSERT INTO recording (package, number, isrc, title, artist, duration_ms, sound)
SELECT p.id, coalesce(track.value ->> 'number', 0),
    nullif(upper(replace(replace(track.value ->> 'isrc', '-', ''), ' ', '')), ''),
    coalesce(track.value ->> 'title', ''), coalesce(track.value ->> 'artist', ''),
    coalesce(track.value ->> 'duration_ms', track.value ->> 'stated_duration_ms'),
    track.value ->> 'sound_hash'
FROM package p JOIN report r ON r.package = p.id, json_each(r.body, '$.tracks') AS track
WHERE p.status IN ('needs_qc', 'qc_approved', 'delivered')
ORDER BY p.seq, track.key;
