"""What a document rests on, as one hash: whatever it shows, and nothing of when or by whom it was made."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from typing import Any

from indicators.engine import METHOD_VERSION
from indicators.reports.documents.content import Block

LAYOUT = 1
"""Raised when the same content is laid out in another way, so that files are made again."""


def hash_of(blocks: Sequence[Block], **about: Any) -> str:
    """Hexadecimal SHA-256 of blocks and their circumstances (title, language, marking …), in their order."""
    content = {
        "layout": LAYOUT,
        "method": METHOD_VERSION,
        "about": about,
        "blocks": [[type(one).__name__, asdict(one)] for one in blocks],
    }
    return sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()
