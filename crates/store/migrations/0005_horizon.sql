-- How late rows of an object arrive, as learned: how far reading goes back.
ALTER TABLE progress ADD COLUMN horizon TEXT NOT NULL DEFAULT '{}';   -- Horizon
