"""The arguments of commands over many clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azext_podidentity import _validators_fleet

if TYPE_CHECKING:
    from azure.cli.core.commands.parameters import AzArgumentContext

    from azext_podidentity import PodIdentityCommandsLoader


def load_fleet(loader: PodIdentityCommandsLoader) -> None:
    """Register the arguments of the commands over many clusters."""
    with loader.argument_context("aks pod-identity list-clusters") as c:
        _scope(c)
        c.argument(
            "include_disabled",
            action="store_true",
            help="Also list the clusters on which the add-on is disabled.",
        )


def _scope(context: AzArgumentContext) -> None:
    context.argument(
        "subscriptions",
        nargs="+",
        validator=_validators_fleet.validate_scope,
        help="Space-separated names or IDs of subscriptions. Defaults to all subscriptions that az knows.",
    )
    context.argument(
        "management_group",
        help="The ID of a management group whose clusters are read. Requires Azure Resource Graph.",
    )
