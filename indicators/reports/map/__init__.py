"""The shapes of the map of partner countries, and where they come from (README.md). No code."""
