-- An expand step: programs that do not know it go on beside it.
CREATE TABLE expand_steps (
    version TEXT NOT NULL PRIMARY KEY
);
INSERT INTO expand_steps (version)
VALUES ('20261121020000');

ALTER TABLE servers
ADD COLUMN enforced_at TIMESTAMP;
