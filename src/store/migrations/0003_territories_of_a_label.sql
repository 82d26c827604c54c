-- Territories that the label's contract holds, as a list of codes; empty: the whole world.
ALTER TABLE label ADD COLUMN territories TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(territories));
