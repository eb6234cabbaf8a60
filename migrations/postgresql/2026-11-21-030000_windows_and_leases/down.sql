DROP TABLE leases;
DROP TABLE window_exceptions;
DROP TABLE windows;
