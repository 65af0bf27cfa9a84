"""Command lines of az that can be pasted into a shell."""

from __future__ import annotations

import shlex


def command_line(*words: str) -> str:
    """Return `az` and the words, each quoted for a shell."""
    return shlex.join(("az", *words))
