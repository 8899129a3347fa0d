"""The wiring: settings, addresses, queue, start-up. No domain words live here."""

__version__ = "0.1.0"
