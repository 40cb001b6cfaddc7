-- When the org was last asked for its API use and nothing else: a paused sync asks now and then.
ALTER TABLE budget ADD COLUMN asked_at_us INTEGER;
