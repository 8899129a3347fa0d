"""The one exception of the engine: it was called with nonsense. Data that fall short are refusals."""


class EngineError(ValueError):
    """A programming mistake by the caller; the message says what was given and what was expected."""
