"""The check for markings, under the name that this room knows it by; it lives where other rooms can ask it too."""

from indicators.markings import NATIONAL_MARKINGS, carries_marking, check_marking

__all__ = ["NATIONAL_MARKINGS", "carries_marking", "check_marking"]
