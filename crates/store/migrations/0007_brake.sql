-- The blast-radius brake: what passed, and what waits for a person because it was too much at once.

-- Records by what was done to them, hour by hour: what is normal is learned from it.
CREATE TABLE impact_by_hour (
    team INTEGER NOT NULL REFERENCES team (id),
    effect TEXT NOT NULL,
    side TEXT NOT NULL,
    hour_us INTEGER NOT NULL,
    unasked INTEGER NOT NULL,       -- passed by itself
    approved INTEGER NOT NULL,      -- passed because a person said so
    PRIMARY KEY (team, effect, side, hour_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE plan (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    effect TEXT NOT NULL,
    side TEXT NOT NULL,
    state TEXT NOT NULL,
    doc TEXT NOT NULL               -- Plan; the id is that of the row, records are those planned
) STRICT;
CREATE UNIQUE INDEX plan_open ON plan (team, effect, side) WHERE state = 'open';
CREATE INDEX plan_newest ON plan (team, id);

-- The links that wait in a plan; repeats the plans that a link's document names.
CREATE TABLE planned (
    plan INTEGER NOT NULL REFERENCES plan (id),
    link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    doc TEXT NOT NULL,              -- the values that would change
    PRIMARY KEY (plan, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX planned_link ON planned (link);
