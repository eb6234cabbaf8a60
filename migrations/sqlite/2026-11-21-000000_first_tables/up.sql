CREATE TABLE sites (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    domain TEXT NOT NULL,
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    is_protected BOOLEAN NOT NULL,
    time_zone TEXT NOT NULL,
    revision BIGINT NOT NULL,
    CONSTRAINT sites_domain_unique UNIQUE (domain)
);
CREATE UNIQUE INDEX sites_one_default ON sites (is_default) WHERE is_default;
CREATE INDEX sites_revision ON sites (revision);

CREATE TABLE site_aliases (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    alias TEXT NOT NULL,
    CONSTRAINT site_aliases_alias_unique UNIQUE (alias),
    CONSTRAINT site_aliases_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX site_aliases_site_id ON site_aliases (site_id);

CREATE TABLE maintenances (
    site_id BIGINT NOT NULL PRIMARY KEY,
    in_maintenance BOOLEAN NOT NULL,
    since TIMESTAMP,
    started_by TEXT,
    expected_end TIMESTAMP,
    at_end TEXT NOT NULL,
    redirect_url TEXT,
    retry_after INTEGER,
    CONSTRAINT maintenances_at_end_known CHECK (at_end IN ('remind', 'open')),
    CONSTRAINT maintenances_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);

CREATE TABLE messages (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    language TEXT NOT NULL,
    heading TEXT NOT NULL,
    body TEXT NOT NULL,
    contact TEXT NOT NULL,
    link_label TEXT NOT NULL,
    link_url TEXT NOT NULL,
    CONSTRAINT messages_language_unique UNIQUE (site_id, language),
    CONSTRAINT messages_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);

CREATE TABLE ignored_patterns (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    pattern TEXT NOT NULL,
    description TEXT NOT NULL,
    CONSTRAINT ignored_patterns_kind_known CHECK (kind IN ('regex', 'exact', 'prefix')),
    CONSTRAINT ignored_patterns_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX ignored_patterns_site_id ON ignored_patterns (site_id);

CREATE TABLE internal_networks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    position INTEGER NOT NULL,
    network TEXT NOT NULL,
    description TEXT NOT NULL,
    CONSTRAINT internal_networks_network_unique UNIQUE (site_id, network),
    CONSTRAINT internal_networks_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);

CREATE TABLE users (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL,
    username_key TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    is_active BOOLEAN NOT NULL,
    is_staff BOOLEAN NOT NULL,
    is_superuser BOOLEAN NOT NULL,
    is_limited_to_sites BOOLEAN NOT NULL,
    theme TEXT NOT NULL,
    has_shortcuts BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_login_at TIMESTAMP,
    CONSTRAINT users_username_key_unique UNIQUE (username_key)
);

CREATE TABLE user_sites (
    user_id BIGINT NOT NULL,
    site_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, site_id),
    CONSTRAINT user_sites_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_sites_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX user_sites_site_id ON user_sites (site_id);

CREATE TABLE sessions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    key_hash BLOB NOT NULL,
    user_id BIGINT,
    state TEXT NOT NULL,
    address TEXT,
    user_agent TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    CONSTRAINT sessions_key_hash_unique UNIQUE (key_hash),
    CONSTRAINT sessions_user FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE login_failures (
    scope TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at TIMESTAMP NOT NULL,
    blocked_until TIMESTAMP
);
CREATE INDEX login_failures_last_at ON login_failures (last_at);

CREATE TABLE changes (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at TIMESTAMP NOT NULL,
    site_id BIGINT,
    subject TEXT NOT NULL,
    actor TEXT NOT NULL,
    door TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    before_json TEXT,
    after_json TEXT,
    undoes BIGINT
);
CREATE INDEX changes_site_id ON changes (site_id, id);
CREATE INDEX changes_actor ON changes (actor, id);
CREATE INDEX changes_undoes ON changes (undoes);

-- The log is append-only: entries are never edited, only removed as a whole by age.
CREATE TRIGGER changes_never_edited
BEFORE UPDATE ON changes
BEGIN
    SELECT RAISE(ABORT, 'the change log is append-only');
END;

CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
