-- Whether the label may send ERN 4 beside ERN 3.8.2.
ALTER TABLE label ADD COLUMN takes_ern4 INTEGER NOT NULL DEFAULT 0 CHECK (takes_ern4 IN (0, 1));
