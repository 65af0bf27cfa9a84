"""Carries a migration out on the Azure side. Every step can be cut short anywhere and run again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import AzureResponseError, ForbiddenError
from knack.log import get_logger
from knack.util import CLIError

from azext_podidentity.actions import delete
from azext_podidentity.actions.change import ClusterService
from azext_podidentity.actions.role_grants import Grants
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.plan import make_plan, needed_identities
from azext_podidentity.migration.status import Status, statuses, used_identities
from azext_podidentity.migration.steps import Options, Plan
from azext_podidentity.profile.changes import Delete, Disable, EnableWorkloadIdentity
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from azext_podidentity.profile.identity_problems import Unreadable
from azext_podidentity.profile.workload_credentials import Credential, Reading

logger = get_logger(__name__)

Credentials = dict[str, list[Credential]]


@dataclass(frozen=True)
class Outcome:
    """What an approval left: the plan by then, the credentials it made, and what went wrong."""

    plan: Plan
    made: tuple[Credential, ...] = ()
    errors: tuple[CLIError, ...] = ()


class Migration:
    """The migration of one cluster."""

    def __init__(self, cli_ctx: Any, service: ClusterService) -> None:
        self._cli_ctx = cli_ctx
        self._service = service
        self._credentials = CredentialService(cli_ctx)

    def plan(self, inventory: Inventory, options: Options) -> Plan:
        """What is to be done. Raises an azure-cli error where something cannot be read."""
        return self._plan(self._service.read().cluster, inventory, options)

    def approve(self, inventory: Inventory, options: Options, headers: Mapping[str, str] | None) -> Outcome:
        """Enables what the cluster lacks, in one write, and makes the credentials that are clear.

        Writes nothing where no workload's label gets a managed identity.
        Raises an azure-cli error where the cluster cannot be changed. A credential that cannot be made is in the
        outcome, and keeps none of another managed identity from being made.
        """
        cluster = self._service.wait_until_idle().cluster
        if not needed_identities(cluster.profile, inventory):
            return Outcome(self._plan(cluster, inventory, options))
        if not cluster.features.enabled:
            model = self._service.change(EnableWorkloadIdentity(), Grants(self._cli_ctx), headers=headers)
            cluster = self._service.reading(model).cluster
        if cluster.features.issuer is None:
            raise AzureResponseError(
                f"Cluster {cluster.reference.name!r} has its OIDC issuer enabled, and does not tell its URL yet.",
                "Run the same command again in a minute.",
            )
        plan = self._plan(cluster, inventory, options)
        wanted: Credentials = defaultdict(list)
        for step in plan.missing_credentials:
            if step.credential is not None:
                wanted[step.identity.resource_id].append(step.credential)
        if not wanted:
            return Outcome(plan)
        made, errors = self._credentials.create(wanted)
        new = tuple(each for those in made.values() for each in those)
        return Outcome(self._plan(cluster, inventory, options), new, tuple(errors))

    def status(self, inventory: Inventory) -> list[Status]:
        """How far each workload is."""
        cluster = self._service.read().cluster
        readings = self._credentials.read(used_identities(cluster.profile, inventory))
        return statuses(cluster, inventory, readings)

    def own_credentials(self) -> Credentials:
        """The credentials that this tool made for the cluster, by the resource id of their managed identity.

        Those of the managed identities that are in the profile. Raises ForbiddenError where one may not be read.
        """
        cluster = self._service.read().cluster
        issuer = cluster.features.issuer
        identities = {
            each.identity.resource_id.lower(): each.identity.resource_id for each in cluster.profile.identities
        }
        readings = self._credentials.read(identities.values()) if issuer else {}
        for key, reading in readings.items():
            if isinstance(reading, Unreadable):
                raise ForbiddenError(
                    f"The credentials of {identities[key]} could not be read, so nothing is removed: {reading.reason}",
                    "Have somebody run this who may read and write the credentials of the managed identities.",
                )
        found = {
            identities[key]: [each for each in reading.credentials if each.issuer == issuer and each.made_by_us]
            for key, reading in readings.items()
            if isinstance(reading, Reading)
        }
        return {resource_id: those for resource_id, those in found.items() if those}

    def undo(self, credentials: Credentials) -> tuple[Credentials, list[CLIError]]:
        """Removes the credentials; returns those that are gone, and what went wrong."""
        return self._credentials.delete(credentials)

    def finish(self, cluster: Cluster, headers: Mapping[str, str] | None) -> None:
        """Removes the pod identities, the roles that the cluster identity had for their sake and the exceptions, and
        disables the add-on; `cluster` is the reading to which the person confirm.

        Raises an azure-cli error where one of these fails, or where there are other entries by now; what was done
        until then stays done.
        """
        keys = tuple(entry.key for entry in cluster.profile.identities)
        if keys:
            delete.remove(
                self._cli_ctx, self._service, Delete(IDENTITY, keys), delete_role_assignment=True, headers=headers
            )
        else:
            delete.remove_left_roles(self._cli_ctx, cluster)
        if cluster.profile.enabled:
            exceptions = frozenset((EXCEPTION, entry.key) for entry in cluster.profile.exceptions)
            self._service.change(Disable(exceptions), Grants(self._cli_ctx), headers=headers)

    def _plan(self, cluster: Cluster, inventory: Inventory, options: Options) -> Plan:
        readings = self._credentials.read(needed_identities(cluster.profile, inventory))
        return make_plan(cluster, inventory, readings, options)


def combine_errors(errors: tuple[CLIError, ...] | list[CLIError], what: str) -> CLIError:
    """One error that says all that went wrong."""
    if len(errors) == 1:
        return errors[0]
    said = "\n".join(dict.fromkeys(str(each) for each in errors))
    return AzureResponseError(f"{len(errors)} managed identities: {what}\n{said}", "Run the same command again.")


def exceptions_of(cluster: Cluster) -> list[str]:
    """The exceptions that a disable loses, by namespace and name."""
    return [str(each.key) for each in cluster.profile.exceptions if each.key != SERVICE_EXCEPTION]
