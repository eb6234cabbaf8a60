DROP TABLE site_sessions;
DROP TABLE visits;
