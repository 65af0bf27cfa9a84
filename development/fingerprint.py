"""Telling whether something was made from just these files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from development.paths import ROOT


def fingerprint(files: Iterable[Path], *facts: str) -> str:
    """A digest (hexadecimal) of the files' places and contents and of the facts."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for fact in facts:
        digest.update(f"{fact}\0".encode())
    return digest.hexdigest()
