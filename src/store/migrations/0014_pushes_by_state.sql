-- Pushes are counted by state at every pulse, and looked for by it; most of them are long done.
CREATE INDEX push_state ON push (state);
