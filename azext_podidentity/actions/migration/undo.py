# SPDX-License-Identifier: MIT
"""Undo the Azure side of a migration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ForbiddenError

from azext_podidentity.actions.migration.context import Credentials, MigrationContext, combine_errors
from azext_podidentity.cli.outcome import Outcome
from azext_podidentity.migration.report import removal_report
from azext_podidentity.profile.entries import Unreadable
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, IdentityBinding
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.workload_credentials import IdentityCredentials

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster import Cluster


def undo_migration(context: MigrationContext, issuer: str | None = None) -> Outcome:
    """Remove the identity bindings and credentials that this command created for the cluster.

    With an issuer, remove only the credentials for that issuer. Raise ForbiddenError if one of the managed identities
    cannot be read.
    """
    cluster = context.writer.read().cluster
    created = _created_credentials(context, cluster)
    bindings = [] if issuer else _created_bindings(context, cluster)
    wanted = issuer or cluster.features.issuer
    credentials = {
        resource_id: [each for each in listed if each.issuer == wanted] for resource_id, listed in created.items()
    }
    credentials = {resource_id: listed for resource_id, listed in credentials.items() if listed}
    count = sum(map(len, credentials.values()))
    if count or bindings:
        context.confirm(_describe_undo(count, wanted, len(bindings)))
    removed, errors = context.credentials.delete(credentials)
    unbound, failures = context.bindings.delete(bindings)
    warnings = [] if issuer else list(_describe_remains(cluster, created))
    if unbound:
        warnings.append(
            f"AKS keeps the federated identity credential '{AKS_CREDENTIAL}' of each managed identity. Other clusters "
            "may use it."
        )
    if not (count or bindings):
        warnings.insert(
            0,
            "The managed identities of the cluster's pod identities have no credential that this command created "
            "for the issuer, and no identity binding. It recognizes its own credentials by their names, which derive "
            "from issuer and subject, and its own bindings by names that derive from the managed identity.",
        )
    report = removal_report(context.reference.name, credentials=removed, bindings=unbound)
    what = "credentials or identity bindings could not be removed."
    return Outcome(report, tuple(warnings), combine_errors([*errors, *failures], what))


def _describe_undo(credentials: int, issuer: str | None, bindings: int) -> str:
    parts = [
        *([f"{count_of(credentials, 'federated identity credential')} for issuer {issuer}"] if credentials else []),
        *([count_of(bindings, "identity binding")] if bindings else []),
    ]
    return (
        f"{' and '.join(parts)} that this command created will be removed. Pods that use workload identity with them "
        "get no more tokens. Pod identity does not change."
    )


def _created_bindings(context: MigrationContext, cluster: Cluster) -> list[IdentityBinding]:
    """Return the identity bindings that this command created; they require the OIDC issuer and workload identity."""
    listed = context.bindings.read_if_supported() if cluster.features.enabled else ()
    return [each for each in listed if each.created_by_us]


def _describe_remains(cluster: Cluster, created: Credentials) -> Iterator[str]:
    """Yield a sentence for each thing that an undo leaves in place."""
    former = Counter(each.issuer for listed in created.values() for each in listed)
    for issuer, count in sorted(former.items()):
        if issuer != cluster.features.issuer:
            command = cluster.reference.pod_identity_command("migrate", "--undo", "--issuer", issuer)
            yield (
                f"{count_of(count, 'credential')} that this command created for another issuer, {issuer}, "
                f"{'is' if count == 1 else 'are'} kept. If its "
                f"cluster no longer exists, remove them with: {command}"
            )
    if cluster.features.oidc_issuer:
        yield "The OIDC issuer and workload identity stay enabled on the cluster."


def _created_credentials(context: MigrationContext, cluster: Cluster) -> Credentials:
    """Return the credentials that this command created, by resource ID of the managed identity."""
    resource_ids = {each.identity.resource_id.lower(): each.identity.resource_id for each in cluster.profile.identities}
    found: Credentials = {}
    for key, lookup in context.credentials.read(resource_ids.values()).items():
        if isinstance(lookup, Unreadable):
            raise ForbiddenError(
                f"The credentials of {resource_ids[key]} could not be read, so nothing is removed. {lookup.reason}",
                "Run the command as a user who can read and write the credentials of the managed identities.",
            )
        if isinstance(lookup, IdentityCredentials):
            found[resource_ids[key]] = [each for each in lookup.credentials if each.created_by_us]
    return found
