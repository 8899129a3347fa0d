"""What a number means: pure functions over frozen types. No Django, no clock, no input or output."""

METHOD_VERSION = "1.5"
"""Changes whenever a formula or a default rule changes; kept with each verdict."""
