"""The machine door: the same verbs in JSON."""
