"""The money: pure decisions, one writer, the SQL of the hot path."""
