# SPDX-License-Identifier: MIT
"""Advice: why something failed and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.profile.text import printable

FIX = "To fix this, run:"

Error = TypeVar("Error", bound=AzCLIError)


@dataclass(frozen=True)
class Advice:
    """Why something failed, and how to fix it.

    reason: sentences about what happened and why. steps: sentences about what to do; if the last one ends with a colon,
    it introduces the commands. commands: command lines to paste, in the order to run them. alternative: another fix,
    as sentences, each followed by its commands.
    """

    reason: str
    steps: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    alternative: tuple[str, ...] = ()

    @property
    def recommendations(self) -> list[str]:
        """Return steps, commands and the alternative, one list item each, as `AzCLIError` takes them."""
        introduced = not self.commands or (self.steps[-1:] and self.steps[-1].endswith(":"))
        return [*self.steps, *(() if introduced else (FIX,)), *self.commands, *self.alternative]

    def __str__(self) -> str:
        return printable("\n".join((self.reason, *self.recommendations)))

    def error(self, error_type: type[Error], service_words: str = "") -> Error:
        """Return the azure-cli error; `service_words`, the service's message, follows the reason."""
        message = "\n".join(filter(None, (self.reason, service_words)))
        error: Error = error_type(printable(message), [printable(each) for each in self.recommendations])
        return error
