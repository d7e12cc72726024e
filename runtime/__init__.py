"""Settings, database, embedded server, launcher, logging and clock."""
