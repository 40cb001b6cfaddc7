-- What took a CRM record's place (repeats doc), so that its place can be looked for from the other end.
ALTER TABLE mirror ADD COLUMN heir_object TEXT;
ALTER TABLE mirror ADD COLUMN heir TEXT;
CREATE INDEX mirror_heir ON mirror (team, heir, heir_object) WHERE heir IS NOT NULL;

-- Archived records are kept and not listed.
ALTER TABLE record ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;

-- CRM records that links asked to see before they can be decided.
CREATE TABLE inquiry (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    id TEXT NOT NULL,
    link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    due_us INTEGER NOT NULL,
    PRIMARY KEY (team, object, id, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX inquiry_due ON inquiry (team, due_us);
CREATE INDEX inquiry_link ON inquiry (link);
