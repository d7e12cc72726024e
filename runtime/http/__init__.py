"""What every HTTP request passes, whatever its route: its id and log line, its host, its origin, its size."""
