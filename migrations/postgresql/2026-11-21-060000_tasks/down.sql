DROP TABLE tasks;

DELETE FROM expand_steps
WHERE version = '20261121060000';
