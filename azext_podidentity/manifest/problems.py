"""What is wrong with files, all of it at once, each with its place."""

from __future__ import annotations

from typing import NamedTuple

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.profile.text import some_of

HELP = "How a file is written is shown by:\naz aks pod-identity apply --help"
_SHOWN = 100


class Place(NamedTuple):
    """Where something stands: the file as the user named it, and the line counted from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Problems:
    """Collects what is wrong while files are read."""

    def __init__(self) -> None:
        self._found: set[tuple[Place, str]] = set()

    def add(self, place: Place, message: str) -> None:
        """Notes one; the same one twice is one."""
        self._found.add((place, message))

    def __bool__(self) -> bool:
        return bool(self._found)

    def __str__(self) -> str:
        """A line each, `FILE:LINE: what is wrong`, sorted by file and line."""
        lines = [f"{place}: {message}" for place, message in sorted(self._found)]
        return some_of(lines, _SHOWN, "\n")

    def check(self) -> None:
        """Raises ValidationError that has them all, where there is one."""
        if self:
            raise ValidationError(f"Nothing was applied. What is wrong with the files:\n{self}", HELP)
