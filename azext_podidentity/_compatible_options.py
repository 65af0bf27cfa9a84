# SPDX-License-Identifier: MIT
"""Hidden options for command lines that az's parser would take differently than users mean them.

The parser takes any prefix of an option for the option, so each option that a command adds changes what the others'
prefixes mean.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands.parameters import AzArgumentContext


def keep_prefixes(context: AzArgumentContext, option: str, *prefixes: str, nargs: str | None = None) -> None:
    """Take prefixes for the option that they stood for in aks-preview, although other options begin like them now.

    nargs: that of the option.
    """

    class Prefix(argparse.Action):
        """Take the option's prefix as the option."""

        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,
            values: Any,
            option_string: str | None = None,
        ) -> None:
            meant = parser._option_string_actions[option]  # pylint: disable=protected-access
            meant.required = False  # argparse has not seen it, but its prefix
            meant(parser, namespace, values, option)

    name = f"prefix_of_{option.strip('-').replace('-', '_')}"
    context.extra(
        name,
        options_list=list(prefixes),
        action=Prefix,
        nargs=nargs,
        validator=lambda namespace: delattr(namespace, name),  # no handler takes it
        help=argparse.SUPPRESS,
    )


def refuse_name(context: AzArgumentContext) -> None:
    """Reject `--name` in a command without it, which would be taken for a prefix of --namespace."""
    context.extra("no_name", options_list=["--name"], validator=_validate_no_name, help=argparse.SUPPRESS)


def _validate_no_name(namespace: argparse.Namespace) -> None:
    from azure.cli.core.azclierror import UnrecognizedArgumentError

    given = namespace.no_name
    del namespace.no_name  # no handler takes it
    if given is not None:
        raise UnrecognizedArgumentError(
            "The command has no option --name.",
            "Name the cluster with --cluster-name, and a Kubernetes namespace with --namespace.",
        )
