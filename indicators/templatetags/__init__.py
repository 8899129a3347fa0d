"""Template tags of the whole application."""
