"""The exercises' checks: they run a student's script on a real broker, watch the line, and word what went wrong."""
