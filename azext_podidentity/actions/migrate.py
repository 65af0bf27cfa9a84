"""Migrate the workloads of a cluster to workload identity, and disable the add-on.

Every action can be interrupted anywhere and run again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzureResponseError, ForbiddenError
from knack.util import CLIError

from azext_podidentity.actions import delete
from azext_podidentity.actions.role_grants import Grants
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.kubernetes import writer
from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.plan import needed_identities, plan_migration
from azext_podidentity.migration.report import plan_report, removal_report, status_report
from azext_podidentity.migration.status import check_finished, statuses, used_identities
from azext_podidentity.migration.steps import MigrationPlan, Options
from azext_podidentity.profile.changes import Delete, Disable, EnableWorkloadIdentity, lost_by_disable
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, SERVICE_EXCEPTION
from azext_podidentity.profile.identity_problems import Unreadable
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityCredentials

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.actions.change import ClusterService
    from azext_podidentity.actions.workload_source import WorkloadSource
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
        service: ClusterService,
        reference: ClusterReference,
        confirm: Callable[[str], None],
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._cli_ctx = cli_ctx
        self._service = service
        self._reference = reference
        self._confirm = confirm
        self._headers = headers
        self._credentials = CredentialService(cli_ctx)

    def check_output_dir(self, folder: str) -> None:
        """Raise InvalidArgumentValueError if the files of a plan cannot be written to the folder."""
        writer.check_folder(folder)

    def plan(self, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None) -> Outcome:
        """Return the plan, which changes nothing in Azure, and write its files if a folder is named."""
        plan = self._plan(self._service.read().cluster, loaded.inventory, options)
        files, warnings = _write(plan, loaded, source, output_dir)
        return Outcome(plan_report(plan, files=files), tuple(warnings))

    def approve(self, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None) -> Outcome:
        """Carry out the Azure side of the plan, and return the plan as it is then.

        1. Wait until the cluster is idle.
        2. Enable the OIDC issuer and workload identity in one write, if a workload needs them.
        3. Create the missing credentials that no decision blocks.
        4. Write the files of the Kubernetes side.

        Raise an azure-cli error if the cluster cannot be changed. A credential that cannot be created is reported
        after the output, and does not keep those of other managed identities from being created.
        """
        cluster = self._service.wait_until_idle().cluster
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
        """Return the status of each workload."""
        cluster = self._service.read().cluster
        lookups = self._credentials.read(used_identities(cluster.profile, loaded.inventory))
        return Outcome(status_report(statuses(cluster, loaded.inventory, lookups)))

    def undo(self) -> Outcome:
        """Remove the credentials that this command created for the cluster.

        Raise ForbiddenError if one of the managed identities cannot be read.
        """
        credentials = self._own_credentials()
        count = sum(map(len, credentials.values()))
        question = (
            f"{count} federated identity credentials that this command created will be removed. Pods that use "
            "workload identity with them get no more tokens. Pod identity does not change."
        )
        if count:
            self._confirm(question)
        removed, errors = self._credentials.delete(credentials)
        warnings = () if count else (
            "The managed identities of the cluster's pod identities have no credential that this command created. It "
            "recognizes its own credentials by their names, which derive from the cluster's issuer and the subject.",
        )  # fmt: skip
        report = removal_report(self._reference.name, credentials=removed)
        return Outcome(report, warnings, combine_errors(errors, "credentials could not be removed."))

    def finish(self, loaded: Loaded, source: WorkloadSource) -> Outcome:
        """Remove the pod identities, their roles and the exceptions, and disable the add-on.

        Raise ValidationError while a workload needs the add-on, or an
        azure-cli error if a removal fails, or if another client added entries; what was removed stays removed.
        """
        cluster = self._service.wait_until_idle().cluster
        check_finished(self._reference, loaded.inventory, source.arguments)
        if lost_by_disable(cluster.profile):
            self._confirm(_describe_finish(cluster, loaded))
        live = any(each.live for each in loaded.inventory.workloads)
        warnings = () if live else (
            "Only manifests were read; the command cannot verify that they are applied to the cluster.",
        )  # fmt: skip
        self._remove(cluster)
        identities = [str(entry.key) for entry in cluster.profile.identities]
        exceptions = [str(each.key) for each in cluster.profile.exceptions if each.key != SERVICE_EXCEPTION]
        report = removal_report(cluster.reference.name, identities=identities, exceptions=exceptions, disabled=True)
        return Outcome(report, warnings)

    def _plan(self, cluster: Cluster, inventory: Inventory, options: Options) -> MigrationPlan:
        lookups = self._credentials.read(needed_identities(cluster.profile, inventory))
        return plan_migration(cluster, inventory, lookups, options)

    def _enable_features(self, cluster: Cluster) -> Cluster:
        """Return the cluster with the OIDC issuer and workload identity enabled."""
        if not cluster.features.enabled:
            model = self._service.change(EnableWorkloadIdentity(), Grants(self._cli_ctx), headers=self._headers)
            cluster = self._service.reading(model).cluster
        if cluster.features.issuer is None:
            raise AzureResponseError(
                f"The OIDC issuer of cluster '{cluster.reference.name}' is enabled, but its URL is not known yet.",
                "Run the same command again in a minute.",
            )
        return cluster

    def _own_credentials(self) -> Credentials:
        """Return the credentials that this command created for the cluster, by resource ID of the managed identity."""
        cluster = self._service.read().cluster
        issuer = cluster.features.issuer
        resource_ids = {
            each.identity.resource_id.lower(): each.identity.resource_id for each in cluster.profile.identities
        }
        lookups = self._credentials.read(resource_ids.values()) if issuer else {}
        found: Credentials = {}
        for key, lookup in lookups.items():
            if isinstance(lookup, Unreadable):
                raise ForbiddenError(
                    f"The credentials of {resource_ids[key]} could not be read, so nothing is removed. {lookup.reason}",
                    "Run the command as a user who can read and write the credentials of the managed identities.",
                )
            if isinstance(lookup, IdentityCredentials):
                own = [each for each in lookup.credentials if each.issuer == issuer and each.created_by_us]
                found |= {resource_ids[key]: own} if own else {}
        return found

    def _remove(self, cluster: Cluster) -> None:
        """Remove everything that the add-on has in the cluster, which was read when the user confirmed."""
        keys = tuple(entry.key for entry in cluster.profile.identities)
        if keys:
            delete.remove(
                self._cli_ctx,
                self._service,
                Delete(IDENTITY, keys),
                delete_role_assignment=True,
                headers=self._headers,
            )
        else:
            delete.remove_left_roles(self._cli_ctx, cluster)
        if cluster.profile.enabled:
            exceptions = frozenset((EXCEPTION, entry.key) for entry in cluster.profile.exceptions)
            self._service.change(Disable(exceptions), Grants(self._cli_ctx), headers=self._headers)


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
    files = writer.write_files(plan, loaded, output_dir, source.context)
    commands = writer.apply_commands(files, output_dir)
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


def _describe_finish(cluster: Cluster, loaded: Loaded) -> str:
    entries = "\n".join(f"  {kind.noun.lower()} {key}" for kind, key in lost_by_disable(cluster.profile))
    return (
        f"None of the {len(loaded.inventory.workloads)} workloads that were read has the label. The following entries "
        f"and the roles of the cluster identity for them will be removed, and the add-on will be disabled:\n{entries}"
    )
