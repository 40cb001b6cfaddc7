-- What a person must be told of, and what was said of it. At most one alert of a kind is open.
CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    kind TEXT NOT NULL,
    ended_us INTEGER,
    doc TEXT NOT NULL               -- Alert; the id in it is that of the row
) STRICT;
CREATE UNIQUE INDEX alert_open ON alert (team, kind) WHERE ended_us IS NULL;
CREATE INDEX alert_newest ON alert (team, id);
