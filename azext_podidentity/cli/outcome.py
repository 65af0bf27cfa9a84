# SPDX-License-Identifier: MIT
"""The result of a use case with its warnings and its error, and how they are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_podidentity.cli.after_output import fail_after_output
from azext_podidentity.profile.text import printable

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from knack.util import CLIError

logger = get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """The result of an action: the JSON to print, warnings, and an error to report after the output."""

    result: Any
    warnings: tuple[str, ...] = ()
    error: CLIError | None = None


def show_outcome(cli_ctx: AzCli, outcome: Outcome) -> Any:
    """Return the result of an action, log its warnings, and report its error after the output."""
    for warning in outcome.warnings:
        logger.warning("%s", printable(warning))
    if outcome.error:
        fail_after_output(cli_ctx, outcome.error)
    return outcome.result
