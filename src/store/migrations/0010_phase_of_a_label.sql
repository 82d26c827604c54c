-- Whether the label is still being tried out: what it sends is judged and goes nowhere (HDR-008).
ALTER TABLE label ADD COLUMN in_test INTEGER NOT NULL DEFAULT 0 CHECK (in_test IN (0, 1));
