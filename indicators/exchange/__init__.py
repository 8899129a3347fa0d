"""DOOR: published files in and out: IATI activities, and editions of context series."""
