CREATE TABLE windows (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT,
    name TEXT NOT NULL,
    schedule_json TEXT NOT NULL,
    notice_minutes INTEGER NOT NULL,
    level TEXT NOT NULL,
    messages_json TEXT NOT NULL,
    is_enabled BOOLEAN NOT NULL,
    CONSTRAINT windows_level_known CHECK (level IN ('full', 'read-only')),
    CONSTRAINT windows_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX windows_site_id ON windows (site_id);

CREATE TABLE window_exceptions (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    window_id BIGINT NOT NULL,
    site_id BIGINT,
    starts_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    CONSTRAINT window_exceptions_window FOREIGN KEY (window_id) REFERENCES windows (id) ON DELETE CASCADE,
    CONSTRAINT window_exceptions_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX window_exceptions_window_id ON window_exceptions (window_id);
CREATE INDEX window_exceptions_site_id ON window_exceptions (site_id);

CREATE TABLE leases (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    started_by TEXT NOT NULL,
    since TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    on_expiry TEXT NOT NULL,
    messages_json TEXT NOT NULL,
    CONSTRAINT leases_on_expiry_known CHECK (on_expiry IN ('lift', 'stay')),
    CONSTRAINT leases_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX leases_site_id ON leases (site_id);

ALTER TABLE maintenances ADD COLUMN level TEXT NOT NULL DEFAULT 'full'
    CONSTRAINT maintenances_level_known CHECK (level IN ('full', 'read-only'));
