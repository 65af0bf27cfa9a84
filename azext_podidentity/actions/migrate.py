"""Migrate the workloads of a cluster to workload identity, and disable the add-on.

Every action can be interrupted anywhere and run again.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzureResponseError, ForbiddenError
from knack.util import CLIError

from azext_podidentity.actions import delete
from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.actions.role_revocation import assignments_of_others
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.kubernetes import writer
from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.migration.identity_decisions import OIDC_ISSUER_CONSEQUENCES
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE, Inventory
from azext_podidentity.migration.notices import unused_identities
from azext_podidentity.migration.output_files import render
from azext_podidentity.migration.plan import needed_identities, plan_migration
from azext_podidentity.migration.report import plan_report, removal_report, status_report
from azext_podidentity.migration.status import (
    Status,
    check_finished,
    check_live,
    check_used,
    statuses,
    used_identities,
)
from azext_podidentity.migration.steps import MigrationPlan, Options
from azext_podidentity.profile.changes import Delete, Disable, EnableWorkloadIdentity, lost_by_disable
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import PodIdentity, Unreadable
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials, IdentityLookups

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.cluster_reference import ClusterReference

Credentials = dict[str, list[FederatedCredential]]


@dataclass(frozen=True)
class Outcome:
    """What an action returns: the JSON to print, warnings, and an error that comes after the output."""

    result: Any
    warnings: tuple[str, ...] = ()
    error: CLIError | None = None


class Migration:
    """The migration of one cluster.

    `confirm` asks the question in a text and raises an azure-cli error unless the user agrees.
    """

    def __init__(
        self,
        cli_ctx: AzCli,
        cluster_writer: ClusterWriter,
        reference: ClusterReference,
        confirm: Callable[[str], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._cli_ctx = cli_ctx
        self._writer = cluster_writer
        self._reference = reference
        self._confirm = confirm
        self._headers = headers
        self._credentials = CredentialService(cli_ctx)

    def check_output_dir(self, folder: str) -> None:
        """Raise InvalidArgumentValueError if the files of a plan cannot be written to the folder."""
        writer.check_folder(folder)

    def plan(self, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None) -> Outcome:
        """Return the plan, which changes nothing in Azure, and write its files if a folder is named."""
        plan = self._plan(self._writer.read().cluster, loaded.inventory, options)
        files, warnings = _write(plan, loaded, source, output_dir)
        return Outcome(plan_report(plan, files=files), tuple(warnings))

    def approve(self, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None) -> Outcome:
        """Carry out the Azure side of the plan, and return the plan as it is then.

        1. Wait until the cluster is idle.
        2. Enable the OIDC issuer and workload identity in one write, if a workload needs them. Ask before the first,
           which cannot be disabled again.
        3. Create the missing credentials that no decision blocks.
        4. Write the files of the Kubernetes side.

        Raise an azure-cli error if the cluster cannot be changed. A credential that cannot be created is reported
        after the output, and does not keep those of other managed identities from being created.
        """
        cluster = self._writer.wait_until_idle().cluster
        created: Credentials = {}
        errors: list[CLIError] = []
        if needed_identities(cluster.profile, loaded.inventory):
            cluster = self._enable_features(cluster)
        plan = self._plan(cluster, loaded.inventory, options)
        if wanted := _missing_credentials(plan):
            created, errors = self._credentials.create(wanted)
            plan = self._plan(cluster, loaded.inventory, options)
        files, warnings = _write(plan, loaded, source, output_dir)
        if not errors and output_dir is None and plan.workloads:
            warnings.append("To write the Kubernetes side to files, run the command again with --output-dir.")
        if plan.blocked:
            warnings.append(f"Workloads skipped until the decisions of the plan are taken: {len(plan.blocked)}.")
        elif not plan.credentials:
            warnings.append("Nothing to approve: no workload that was read gets a managed identity by its label.")
        report = plan_report(plan, created=[each for new in created.values() for each in new], files=files)
        return Outcome(report, tuple(warnings), combine_errors(errors, "credentials could not be created."))

    def status(self, loaded: Loaded) -> Outcome:
        """Return the status of each user of pod identity or workload identity."""
        return Outcome(status_report(self._statuses(self._writer.read().cluster, loaded.inventory)))

    def undo(self, issuer: str | None = None) -> Outcome:
        """Remove the credentials that this command created for the cluster's issuer, or for another one.

        Raise ForbiddenError if one of the managed identities cannot be read.
        """
        cluster = self._writer.read().cluster
        created = self._created_credentials(cluster)
        wanted = issuer or cluster.features.issuer
        credentials = {
            resource_id: [each for each in listed if each.issuer == wanted] for resource_id, listed in created.items()
        }
        credentials = {resource_id: listed for resource_id, listed in credentials.items() if listed}
        count = sum(map(len, credentials.values()))
        if count:
            self._confirm(
                f"{count} federated identity credentials that this command created for issuer {wanted} will be "
                "removed. Pods that use workload identity with them get no more tokens. Pod identity does not change."
            )
        removed, errors = self._credentials.delete(credentials)
        warnings = [] if issuer else list(self._describe_remains(cluster, created))
        if not count:
            warnings.insert(
                0,
                "The managed identities of the cluster's pod identities have no credential that this command created "
                "for the issuer. It recognizes its own credentials by their names, which derive from issuer and "
                "subject.",
            )
        report = removal_report(self._reference.name, credentials=removed)
        return Outcome(report, tuple(warnings), combine_errors(errors, "credentials could not be removed."))

    def finish(self, loaded: Loaded, source: WorkloadSource, *, force: bool = False, asks: bool = True) -> Outcome:
        """Remove the pod identities, their roles and the exceptions, and disable the add-on.

        1. Refuse unless everything that was read of the cluster is ready.
        2. Ask, and name the pod identities that no workload was seen to use; refuse these if there is no question.
        3. Remove the pod identities and their roles, then the exceptions and the add-on.

        `force` skips the refusals; `asks` says that the user is asked. Raise ValidationError for a refusal, or an
        azure-cli error if a removal fails, or if another client added entries; what was removed stays removed.
        """
        cluster = self._writer.wait_until_idle().cluster
        inventory = loaded.inventory
        lookups = self._credentials.read(used_identities(cluster.profile, inventory))
        unused = unused_identities(cluster, inventory, IdentityLookups(lookups))
        others: list[str] = []
        if lost_by_disable(cluster.profile):
            if not force:
                check_live(inventory)
                check_finished(self._reference, statuses(cluster, inventory, lookups), source.arguments)
                if not asks:
                    check_used(unused)
            others = assignments_of_others(self._cli_ctx, cluster)
            self._confirm(_describe_finish(cluster, loaded, unused, others))
        self._remove(cluster, others)
        identities = [str(entry.key) for entry in cluster.profile.identities]
        exceptions = [str(each.key) for each in cluster.profile.exceptions if each.key != SERVICE_EXCEPTION]
        report = removal_report(cluster.reference.name, identities=identities, exceptions=exceptions, disabled=True)
        return Outcome(report)

    def _statuses(self, cluster: Cluster, inventory: Inventory) -> list[Status]:
        lookups = self._credentials.read(used_identities(cluster.profile, inventory))
        return statuses(cluster, inventory, lookups)

    def _describe_remains(self, cluster: Cluster, created: Credentials) -> Iterator[str]:
        """Yield what an undo does not take back."""
        former = Counter(each.issuer for listed in created.values() for each in listed)
        for issuer, count in sorted(former.items()):
            if issuer != cluster.features.issuer:
                command = self._reference.pod_identity_command("migrate", "--undo", "--issuer", issuer)
                yield (
                    f"{count} credentials that this command created for another issuer, {issuer}, are kept. If its "
                    f"cluster no longer exists, remove them with: {command}"
                )
        if cluster.features.oidc_issuer:
            yield "The OIDC issuer and workload identity stay enabled on the cluster."

    def _plan(self, cluster: Cluster, inventory: Inventory, options: Options) -> MigrationPlan:
        lookups = self._credentials.read(needed_identities(cluster.profile, inventory))
        return plan_migration(cluster, inventory, lookups, options)

    def _enable_features(self, cluster: Cluster) -> Cluster:
        """Return the cluster with the OIDC issuer and workload identity enabled."""
        if not cluster.features.enabled:
            if not cluster.features.oidc_issuer:
                self._confirm(
                    f"The OIDC issuer of cluster '{cluster.reference.name}' will be enabled. {OIDC_ISSUER_CONSEQUENCES}"
                )
            grants = RoleGrants(self._cli_ctx)
            change_cluster(self._cli_ctx, self._writer, EnableWorkloadIdentity(), grants, headers=self._headers)
            cluster = self._writer.read().cluster
        if cluster.features.issuer is None:
            raise AzureResponseError(
                f"The OIDC issuer of cluster '{cluster.reference.name}' is enabled, but its URL is not known yet.",
                "Run the same command again in a minute.",
            )
        return cluster

    def _created_credentials(self, cluster: Cluster) -> Credentials:
        """Return the credentials that this command created, by resource ID of the managed identity."""
        resource_ids = {
            each.identity.resource_id.lower(): each.identity.resource_id for each in cluster.profile.identities
        }
        found: Credentials = {}
        for key, lookup in self._credentials.read(resource_ids.values()).items():
            if isinstance(lookup, Unreadable):
                raise ForbiddenError(
                    f"The credentials of {resource_ids[key]} could not be read, so nothing is removed. {lookup.reason}",
                    "Run the command as a user who can read and write the credentials of the managed identities.",
                )
            if isinstance(lookup, IdentityCredentials):
                found[resource_ids[key]] = [each for each in lookup.credentials if each.created_by_us]
        return found

    def _remove(self, cluster: Cluster, agreed: Collection[str]) -> None:
        """Remove everything that the add-on has in the cluster, which was read when the user confirmed.

        `agreed` has the IDs of the role assignments that others created and that may be removed too.
        """
        keys = tuple(entry.key for entry in cluster.profile.identities)
        if keys:
            delete.delete_identities(
                self._cli_ctx,
                self._writer,
                Delete(IDENTITY, keys),
                delete_role_assignment=True,
                agree=set(agreed).issuperset,
                headers=self._headers,
            )
        else:
            delete.revoke_leftover_roles(self._cli_ctx, self._writer, cluster)
        if cluster.profile.enabled:
            exceptions = frozenset((EXCEPTION, entry.key) for entry in cluster.profile.exceptions)
            grants = RoleGrants(self._cli_ctx)
            change_cluster(self._cli_ctx, self._writer, Disable(exceptions), grants, headers=self._headers)


def _missing_credentials(plan: MigrationPlan) -> Credentials:
    """Return the credentials that do not exist yet, by resource ID of their managed identity."""
    missing: Credentials = defaultdict(list)
    for step in plan.missing_credentials:
        if step.credential is not None:
            missing[step.identity.resource_id].append(step.credential)
    return dict(missing)


def _write(
    plan: MigrationPlan, loaded: Loaded, source: WorkloadSource, output_dir: str | None
) -> tuple[list[str], list[str]]:
    """Write the files of the plan if a folder is named; return their paths, and how to apply them as warnings."""
    if output_dir is None:
        return [], []
    namespace = None if source.namespace == DEFAULT_NAMESPACE else source.namespace
    output = render(plan, loaded.inventory, namespace, source.context)
    files = writer.write_files(output, loaded, output_dir)
    commands = writer.apply_commands(output, output_dir, source.context)
    warnings = [f"Files written. To apply them, run: {command}" for command in commands]
    if not commands:
        warnings.insert(0, "Nothing to write: no workload needs a change.")
    elif not plan.approved:
        warnings.insert(0, "Run the command with --approve first: without their credentials, pods get no tokens.")
    return files, warnings


def combine_errors(errors: Sequence[CLIError], what: str) -> CLIError | None:
    """Return one error with all that went wrong, None without any."""
    if len(errors) <= 1:
        return errors[0] if errors else None
    messages = "\n".join(dict.fromkeys(str(each) for each in errors))
    return AzureResponseError(f"On {len(errors)} managed identities, {what}\n{messages}", "Run the same command again.")


def _describe_finish(cluster: Cluster, loaded: Loaded, unused: Sequence[PodIdentity], others: Sequence[str]) -> str:
    entries = "\n".join(f"  {kind.noun.lower()} {key}" for kind, key in lost_by_disable(cluster.profile))
    names = "\n".join(f"  {entry.key}" for entry in unused)
    unseen = f"\nNo workload that was read was seen to use these pod identities:\n{names}" if unused else ""
    assignments = "\n".join(f"  {each}" for each in others)
    also = f"\nOthers created these role assignments, which will be removed too:\n{assignments}" if others else ""
    return (
        f"{len(loaded.inventory.workloads)} workloads were read. The following entries and the roles of the cluster "
        f"identity for them will be removed, and the add-on will be disabled:\n{entries}{also}{unseen}"
    )
