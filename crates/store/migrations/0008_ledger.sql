-- The books of the API budget: slices of calls that the org's own count does not surely hold, and the pace
-- of scheduled reading.
CREATE TABLE slice (
    team INTEGER NOT NULL REFERENCES team (id),
    id INTEGER NOT NULL,            -- the reservation, counted for each team
    calls INTEGER NOT NULL,
    open_until_us INTEGER NOT NULL,
    closed INTEGER,                 -- the last reservation made when it was closed; null while it is open
    PRIMARY KEY (team, id)
) STRICT, WITHOUT ROWID;

-- What was in the books keeps standing until the org is asked anew.
INSERT INTO slice SELECT team, 0, spent_since, 0, 0 FROM budget WHERE spent_since > 0;
INSERT INTO slice SELECT team, -id, calls, made_us + 1800000000, NULL FROM reservation;
DROP TABLE reservation;

ALTER TABLE budget DROP COLUMN spent_since;
ALTER TABLE budget ADD COLUMN told_by INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget ADD COLUMN last_reservation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget ADD COLUMN pace INTEGER NOT NULL DEFAULT 1;
ALTER TABLE budget ADD COLUMN pace_us INTEGER;
