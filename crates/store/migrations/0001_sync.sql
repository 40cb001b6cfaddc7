-- The sync itself: teams with their rules, both sides' records, links, writes, the log, the budget.
--
-- Times are microseconds since 1970 (`_us`). `doc` holds the whole typed value as JSON; the other
-- columns repeat what queries look at. Numbers are never given out twice (AUTOINCREMENT), because an
-- old worker may still come back with one.

CREATE TABLE team (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    rules TEXT NOT NULL,            -- TeamRules
    connection TEXT NOT NULL        -- ConnectionState
) STRICT;

CREATE TABLE progress (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    watermark_order INTEGER,
    watermark_token TEXT,
    page TEXT,
    complete_us INTEGER,
    started_us INTEGER,
    not_before_us INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    rows_read INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (team, object)
) STRICT, WITHOUT ROWID;

-- CRM records as last read.
CREATE TABLE mirror (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    id TEXT NOT NULL,
    doc TEXT NOT NULL,              -- CrmRecord
    PRIMARY KEY (team, object, id)
) STRICT, WITHOUT ROWID;

-- Workspace records.
CREATE TABLE record (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    kind TEXT NOT NULL,
    search TEXT NOT NULL,           -- name, e-mail address and the like in lower case
    updated_us INTEGER NOT NULL,
    doc TEXT NOT NULL               -- WorkspaceRecord
) STRICT;
CREATE INDEX record_newest ON record (team, updated_us, id);
CREATE INDEX record_newest_of_kind ON record (team, kind, updated_us, id);

CREATE TABLE match_key (
    team INTEGER NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    PRIMARY KEY (team, key, kind, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX match_key_record ON match_key (record);

-- Which record refers to which, so that linking one wakes the other.
CREATE TABLE reference (
    team INTEGER NOT NULL,
    target INTEGER NOT NULL,
    record INTEGER NOT NULL REFERENCES record (id) ON DELETE CASCADE,
    PRIMARY KEY (team, target, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX reference_record ON reference (record);

CREATE TABLE link (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    kind TEXT NOT NULL,
    object TEXT NOT NULL,
    record INTEGER REFERENCES record (id),
    crm TEXT,
    status TEXT NOT NULL,           -- LinkStatus
    causes TEXT NOT NULL,           -- ErrorClass codes, each between blanks
    parked INTEGER NOT NULL,        -- things set aside after a refusal
    held INTEGER NOT NULL,          -- things that wait for a person
    version INTEGER NOT NULL,       -- the one in doc may be older
    due_us INTEGER,
    lane INTEGER NOT NULL,
    leased_until_us INTEGER,
    doc TEXT NOT NULL               -- RecordLink
) STRICT;
CREATE UNIQUE INDEX link_crm ON link (team, crm, object) WHERE crm IS NOT NULL;
CREATE UNIQUE INDEX link_record ON link (record) WHERE record IS NOT NULL;
CREATE INDEX link_due ON link (team, lane, due_us, id, object) WHERE due_us IS NOT NULL;
CREATE INDEX link_status ON link (team, status, object, kind, record);
CREATE INDEX link_aside ON link (team, id) WHERE parked > 0 OR held > 0;

CREATE TABLE intent (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    link INTEGER NOT NULL UNIQUE REFERENCES link (id),
    object TEXT NOT NULL,
    is_create INTEGER NOT NULL,
    create_key TEXT,                -- our external-id value of a create
    lock_key TEXT,
    lane INTEGER NOT NULL,
    state INTEGER NOT NULL,         -- 0 pending, 1 sending, 2 doubtful
    not_before_us INTEGER NOT NULL,
    leased_until_us INTEGER,
    epoch INTEGER NOT NULL,
    doc TEXT NOT NULL               -- WriteIntent
) STRICT;
CREATE INDEX intent_queue ON intent (team, object, state, lane, id);
CREATE INDEX intent_open ON intent (team, state) WHERE state > 0;
CREATE INDEX intent_lock ON intent (team, lock_key) WHERE lock_key IS NOT NULL;
CREATE INDEX intent_key ON intent (team, object, create_key) WHERE create_key IS NOT NULL;

CREATE TABLE log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    at_us INTEGER NOT NULL,
    source TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    object TEXT,
    record INTEGER,
    link INTEGER,
    error_class TEXT,
    search TEXT NOT NULL,           -- lower case
    doc TEXT NOT NULL               -- LogDraft
) STRICT;
CREATE INDEX log_newest ON log (team, at_us, id, source, status);
CREATE INDEX log_source ON log (team, source, at_us, id);
CREATE INDEX log_kind ON log (team, kind, at_us, id);
CREATE INDEX log_status ON log (team, status, at_us, id);
CREATE INDEX log_object ON log (team, object, at_us, id);
CREATE INDEX log_record ON log (team, record, at_us, id) WHERE record IS NOT NULL;
CREATE INDEX log_link ON log (team, link, at_us, id) WHERE link IS NOT NULL;
CREATE INDEX log_error ON log (team, error_class, at_us, id) WHERE error_class IS NOT NULL;

CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log
BEGIN
    SELECT RAISE (ABORT, 'entries of the sync log are never changed');
END;

CREATE TABLE budget (
    team INTEGER PRIMARY KEY REFERENCES team (id),
    org_used INTEGER,
    org_max INTEGER,
    org_at_us INTEGER,
    spent_since INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE reservation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    calls INTEGER NOT NULL,
    made_us INTEGER NOT NULL
) STRICT;
CREATE INDEX reservation_team ON reservation (team, made_us);

CREATE TABLE calls_by_hour (
    team INTEGER NOT NULL REFERENCES team (id),
    hour_us INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (team, hour_us)
) STRICT, WITHOUT ROWID;
