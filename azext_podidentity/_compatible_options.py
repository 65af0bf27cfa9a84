# SPDX-License-Identifier: MIT
"""Hidden options for command lines that az's parser would misinterpret.

The parser accepts any unique prefix of an option, so a new option can make prefixes of other options ambiguous.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azure.cli.core.commands.parameters import AzArgumentContext


def keep_prefixes(context: AzArgumentContext, option: str, *prefixes: str, nargs: str | None = None) -> None:
    """Keep the meaning that prefixes of an option have in aks-preview, although other options now share them.

    nargs: the value of `nargs` of the option.
    """

    class Prefix(argparse.Action):
        """Handle the prefix like the option."""

        def __call__(
            self,
            parser: argparse.ArgumentParser,
            namespace: argparse.Namespace,
            values: Any,
            option_string: str | None = None,
        ) -> None:
            meant = parser._option_string_actions[option]  # pylint: disable=protected-access
            meant.required = False  # argparse has seen only its prefix
            meant(parser, namespace, values, option)

    name = f"prefix_of_{option.strip('-').replace('-', '_')}"
    context.extra(
        name,
        options_list=list(prefixes),
        action=Prefix,
        nargs=nargs,
        validator=lambda namespace: delattr(namespace, name),  # not a parameter of a handler
        help=argparse.SUPPRESS,
    )


def refuse_name(context: AzArgumentContext) -> None:
    """Reject `--name` in a command without that option, because it would be parsed as a prefix of --namespace."""
    context.extra("no_name", options_list=["--name"], validator=_validate_no_name, help=argparse.SUPPRESS)


def _validate_no_name(namespace: argparse.Namespace) -> None:
    from azure.cli.core.azclierror import UnrecognizedArgumentError

    given = namespace.no_name
    del namespace.no_name  # not a parameter of a handler
    if given is not None:
        raise UnrecognizedArgumentError(
            "The command has no option --name.",
            "Name the cluster with --cluster-name, and a Kubernetes namespace with --namespace.",
        )
