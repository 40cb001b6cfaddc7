-- Failures with one cause are one incident. A cause keeps its number; what was tried about it is in doc.
CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    key TEXT NOT NULL,              -- Cause::key
    moving INTEGER NOT NULL,        -- 1 while a fix is being tried or released
    skipped INTEGER NOT NULL,       -- 1 while its records are left alone
    doc TEXT NOT NULL               -- Incident; the id in it is that of the row
) STRICT;
CREATE UNIQUE INDEX incident_key ON incident (team, key);
CREATE INDEX incident_moving ON incident (team) WHERE moving > 0;
CREATE INDEX incident_skipped ON incident (team) WHERE skipped > 0;

-- What is set aside on each link, kept with its document: fields by name, the whole record as ''.
CREATE TABLE aside (
    link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    team INTEGER NOT NULL,
    incident INTEGER NOT NULL REFERENCES incident (id),
    since_us INTEGER NOT NULL,
    PRIMARY KEY (link, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX aside_incident ON aside (team, incident, link, since_us);
