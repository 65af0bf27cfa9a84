# SPDX-License-Identifier: MIT
"""Quote command lines for a shell."""

from __future__ import annotations

import shlex


def command_line(*words: str) -> str:
    r"""Return `az` and the words, each quoted for a shell.

    A word with control or invisible characters is written with the escapes of bash and zsh, as in `$'a\x1bb'`.
    """
    return " ".join(map(_quoted, ("az", *words)))


def kubectl_line(*words: str) -> str:
    """Return `kubectl` and the words, quoted as `command_line` does."""
    return " ".join(map(_quoted, ("kubectl", *words)))


def _quoted(word: str) -> str:
    if word.isprintable():
        return shlex.quote(word)
    return f"$'{''.join(map(_escaped, word))}'"


def _escaped(char: str) -> str:
    if char in "'\\":
        return f"\\{char}"
    if char.isprintable():
        return char
    # A shell reads \x as a byte and \U as a character.
    return f"\\x{ord(char):02x}" if char.isascii() else f"\\U{ord(char):08x}"
