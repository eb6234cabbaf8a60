ALTER TABLE servers
DROP COLUMN enforced_at;

DROP TABLE expand_steps;
