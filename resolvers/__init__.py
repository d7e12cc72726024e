"""One thin function a root field: input to command or query, outcome to payload."""
