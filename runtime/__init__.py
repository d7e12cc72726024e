"""What the service runs on: settings, databases, the embedded server, processes, HTTP middleware, logs."""
