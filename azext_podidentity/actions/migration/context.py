# SPDX-License-Identifier: MIT
"""The input of the actions of a migration, and the combination of their errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError, AzureResponseError
from knack.util import CLIError

from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.identity_bindings import IdentityBindings
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.workload_credentials import FederatedCredential

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.cluster_reference import ClusterReference

Credentials = dict[str, list[FederatedCredential]]


@dataclass(frozen=True)
class MigrationContext:
    """The cluster of a migration and how to reach it.

    `confirm` asks the question in its argument and raises an azure-cli error unless the user agrees. `headers` are sent
    with every write of the cluster.
    """

    cli_ctx: AzCli
    writer: ClusterWriter
    reference: ClusterReference
    confirm: Callable[[str], None]
    headers: Mapping[str, str] | None = None
    credentials: CredentialService = field(init=False)
    bindings: IdentityBindings = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "credentials", CredentialService(self.cli_ctx))
        bindings = IdentityBindings(self.cli_ctx, self.reference, self.writer.deadline)
        object.__setattr__(self, "bindings", bindings)


def combine_errors(errors: Sequence[CLIError], what: str) -> CLIError | None:
    """Return one error with all messages and all recommendations, each once; None if there are no errors."""
    if len(errors) <= 1:
        return errors[0] if errors else None
    messages = "\n".join(dict.fromkeys(str(each) for each in errors))
    commands: dict[str, dict[str, None]] = {}  # by the sentence that introduces them
    for first, *others in (
        each.recommendations for each in errors if isinstance(each, AzCLIError) and each.recommendations
    ):
        commands.setdefault(first, {}).update(dict.fromkeys(others))
    steps = [step for first, others in commands.items() for step in (first, *others)]
    message = f"On {count_of(len(errors), 'managed identity', 'managed identities')}, {what}\n{messages}"
    return AzureResponseError(message, steps or "Run the same command again.")
