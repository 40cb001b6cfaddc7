-- Who may use Tandem and what they set up. `user` is a word of SQL, hence `member`.

CREATE TABLE member (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    email TEXT NOT NULL UNIQUE,     -- lower case
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    active INTEGER NOT NULL,
    password_hash TEXT,
    crm_user TEXT,
    created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX member_team ON member (team, id);

CREATE TABLE session (
    token_hash BLOB PRIMARY KEY,
    member INTEGER NOT NULL REFERENCES member (id) ON DELETE CASCADE,
    created_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_member ON session (member);
CREATE INDEX session_expires ON session (expires_us);

CREATE TABLE connection (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    member INTEGER REFERENCES member (id),
    doc TEXT NOT NULL,              -- Connection without the columns beside it
    grant_blob BLOB,                -- encrypted by the server; never read here
    grant_version INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX connection_team ON connection (team, id);

CREATE TABLE object_schema (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    read_us INTEGER NOT NULL,
    doc TEXT NOT NULL,              -- ObjectSchema
    PRIMARY KEY (team, object)
) STRICT, WITHOUT ROWID;

CREATE TABLE mapping (
    team INTEGER NOT NULL REFERENCES team (id),
    object TEXT NOT NULL,
    version INTEGER NOT NULL,
    published_us INTEGER NOT NULL,
    published_by INTEGER REFERENCES member (id),
    doc TEXT NOT NULL,              -- ObjectMapping
    PRIMARY KEY (team, object, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE crm_user (
    team INTEGER NOT NULL REFERENCES team (id),
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (team, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    team INTEGER NOT NULL REFERENCES team (id),
    doc TEXT NOT NULL               -- AuditEntry
) STRICT;
CREATE INDEX audit_newest ON audit (team, id);

CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE (ABORT, 'entries of the audit trail are never changed');
END;

CREATE TABLE setting (
    team INTEGER NOT NULL REFERENCES team (id),
    name TEXT NOT NULL,
    doc TEXT NOT NULL,
    PRIMARY KEY (team, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
