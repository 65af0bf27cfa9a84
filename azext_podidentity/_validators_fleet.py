"""The validators of commands over many clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Namespace


def validate_scope(namespace: Namespace) -> None:
    """Check that there is one scope; --subscription is the same as --subscriptions with one value."""
    from azure.cli.core.azclierror import MutuallyExclusiveArgumentError

    # az keeps --subscription there.
    one = namespace._subscription  # pylint: disable=protected-access
    given = {
        "--subscription": one,
        "--subscriptions": namespace.subscriptions,
        "--management-group": namespace.management_group,
    }
    together = [option for option, value in given.items() if value]
    if len(together) > 1:
        raise MutuallyExclusiveArgumentError(f"{' and '.join(together)} cannot be used together.", "Pass one of them.")
    if one:
        namespace.subscriptions = [one]
