"""Pictures of real runs for the README: `make pictures` records the lessons on a broker, and draws what happened."""
