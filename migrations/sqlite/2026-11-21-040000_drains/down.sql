ALTER TABLE windows DROP COLUMN drain_minutes;
ALTER TABLE maintenances DROP COLUMN drains_json;
