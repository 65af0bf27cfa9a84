# SPDX-License-Identifier: MIT
"""Warn that the pod identity add-on is deprecated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity.cli.after_output import warn_after_output
from azext_podidentity.profile.cluster import DEPRECATION

if TYPE_CHECKING:
    from azure.cli.core import AzCli


def warn_deprecated(cli_ctx: AzCli) -> None:
    """Log one warning per process, after the result. Call it from commands that enable or add pod identities."""
    warn_after_output(cli_ctx, DEPRECATION, last=True)
