-- An expand step: programs that do not know it go on beside it.
INSERT INTO expand_steps (version)
VALUES ('20261121060000');

CREATE TABLE tasks (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    site_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    host TEXT NOT NULL,
    pid BIGINT,
    started_by TEXT NOT NULL,
    started_at TIMESTAMP NOT NULL,
    heartbeat_at TIMESTAMP NOT NULL,
    CONSTRAINT tasks_site FOREIGN KEY (site_id) REFERENCES sites (id) ON DELETE CASCADE
);
CREATE INDEX tasks_site_id ON tasks (site_id);
