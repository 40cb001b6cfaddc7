-- When the org was last asked for its API use and nothing else: a paused sync asks now and then.
ALTER TABLE budget ADD COLUMN asked_at_us INTEGER;

-- How often an object was begun to be read from the beginning: a page of an earlier round is outrun.
ALTER TABLE progress ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
