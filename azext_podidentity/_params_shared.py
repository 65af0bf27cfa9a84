# SPDX-License-Identifier: MIT
"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands.parameters import AzArgumentContext


def flag(context: AzArgumentContext, name: str, text: str, validator: Callable[..., Any] | None = None) -> None:
    """Register an option without a value, with the name of the handler's parameter."""
    context.argument(name, action="store_true", validator=validator, help=text)


def yes(context: AzArgumentContext) -> None:
    """Register `--yes`."""
    context.argument("yes", options_list=["--yes", "-y"], action="store_true", help="Do not prompt for confirmation.")


def skip_role_assignment(context: AzArgumentContext) -> None:
    """Register `--skip-role-assignment`."""
    flag(
        context,
        "skip_role_assignment",
        "Do not read or create role assignments. The cluster identity must already have the Managed Identity "
        "Operator role on the managed identity.",
    )
