"""How the engine speaks: English templates that the pages translate. No translation happens here."""

from __future__ import annotations

from .types import Message, Refusal, RefusalCode


def gettext_noop(template: str) -> str:
    """Mark a template for translation; the name is one that `makemessages` collects."""
    return template


def message(template: str, **params: object) -> Message:
    """A message whose places are filled with the plain text of `params`."""
    return Message(template=template, params={name: str(value) for name, value in params.items()})


def refuse(code: RefusalCode, template: str, **params: object) -> Refusal:
    """A refusal with its reason (METHOD 2.11)."""
    return Refusal(code=code, message=message(template, **params))
