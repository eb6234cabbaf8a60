CREATE TABLE visits (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    key_hash BLOB NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT,
    signed_in_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    CONSTRAINT visits_key_hash_unique UNIQUE (key_hash, site_id),
    CONSTRAINT visits_kind_known CHECK (kind IN ('session', 'app', 'visitor')),
    CONSTRAINT visits_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
-- Holds all that the count of those at work asks for, and nothing of those who have gone.
CREATE INDEX visits_at_work ON visits (site_id, last_seen_at, signed_in_at) WHERE ended_at IS NULL;

CREATE TABLE site_sessions (
    key_hash BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX site_sessions_expires_at ON site_sessions (expires_at);
