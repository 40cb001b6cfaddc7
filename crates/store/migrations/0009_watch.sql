-- How far each object is watched beside reading it: the deletion feed and the roll call.
CREATE TABLE watch (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    doc TEXT NOT NULL,              -- ObjectWatch
    PRIMARY KEY (team, object)
) STRICT, WITHOUT ROWID;
