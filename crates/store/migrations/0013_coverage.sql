-- What was read of an object since its reading began at the beginning.
ALTER TABLE progress ADD COLUMN coverage TEXT NOT NULL DEFAULT '{}';   -- Coverage
