"""Indicators of security cooperation: what they are, what was observed, how it is judged."""
