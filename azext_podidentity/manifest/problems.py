# SPDX-License-Identifier: MIT
"""Collect and report the problems of a manifest, each with its file and line."""

from __future__ import annotations

from typing import NamedTuple

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.text import printable, some_of

HELP = ["To see the file format, run:", "az aks pod-identity apply --help"]
_SHOWN = 100


class Place(NamedTuple):
    """A position: the file as the user named it, and the line, counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return printable(f"{self.file}:{self.line}", keep="")


class Problems:
    """The problems of all files."""

    def __init__(self) -> None:
        self._found: set[tuple[Place, str]] = set()

    def add(self, place: Place, message: str) -> None:
        """Add a problem, ignoring duplicates."""
        self._found.add((place, message))

    def __bool__(self) -> bool:
        return bool(self._found)

    def __str__(self) -> str:
        """Return one line per problem, `FILE:LINE: problem`, in the order of files and lines."""
        lines = [printable(f"{place}: {message}") for place, message in sorted(self._found)]
        return some_of(lines, _SHOWN, "\n")

    def check(self) -> None:
        """Raise ValidationError with all problems, if there are any."""
        if self:
            raise ValidationError(f"The manifest is invalid, so nothing was applied:\n{self}", HELP)
