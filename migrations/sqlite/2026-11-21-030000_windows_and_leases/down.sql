ALTER TABLE maintenances DROP COLUMN level;
DROP TABLE leases;
DROP TABLE window_exceptions;
DROP TABLE windows;
