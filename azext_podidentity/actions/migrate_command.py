"""The handler of `az aks pod-identity migrate`: which of its actions, and where the workloads come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from azure.cli.core.azclierror import ValidationError
from knack.log import get_logger

from azext_podidentity.actions.change import ClusterService
from azext_podidentity.actions.migrate import Migration, combine_errors, exceptions_of
from azext_podidentity.arm import run_command
from azext_podidentity.cli.interaction import confirm, fail_after_output
from azext_podidentity.kubernetes import kubectl, sources
from azext_podidentity.kubernetes.sources import Loaded
from azext_podidentity.kubernetes.writer import check_folder, how_to_apply, write_files
from azext_podidentity.migration.inventory import DEFAULT_NAMESPACE
from azext_podidentity.migration.kubernetes_objects import KUBECTL_GET, read_objects
from azext_podidentity.migration.report import plan_report, removal_report, status_report
from azext_podidentity.migration.status import check_finished
from azext_podidentity.migration.steps import Options, Plan
from azext_podidentity.profile.changes import lost_by_disable
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)


@dataclass(frozen=True)
class Source:
    """Where the workloads are to be read, as the command line has it."""

    workloads: list[str] | None
    context: str | None
    run_command: bool
    namespace: str

    @property
    def arguments(self) -> tuple[str, ...]:
        """The same as words of a command line."""
        workloads = ("--workloads", *self.workloads) if self.workloads else ()
        context = ("--context", self.context) if self.context else ()
        namespace = () if self.namespace == DEFAULT_NAMESPACE else ("--namespace", self.namespace)
        return (*workloads, *context, *(("--run-command",) if self.run_command else ()), *namespace)


class MigrateCommand:
    """One run of the command."""

    def __init__(
        self, cli_ctx: Any, client: Any, reference: ClusterReference, headers: dict[str, str] | None, *, yes: bool
    ) -> None:
        self._cli_ctx = cli_ctx
        self._client = client
        self._reference = reference
        self._headers = headers
        self._yes = yes
        self._service = ClusterService(cli_ctx, client, reference)
        self._migration = Migration(cli_ctx, self._service)

    def plan(self, source: Source, options: Options, output_dir: str | None) -> Any:
        """The plan, which changes nothing in Azure; its Kubernetes side as files where a folder is named."""
        if output_dir is not None:
            check_folder(output_dir)
        loaded = self._load(source)
        plan = self._migration.plan(loaded.inventory, options)
        return plan_report(plan, files=self._write(plan, loaded, output_dir, source))

    def approve(self, source: Source, options: Options, output_dir: str | None) -> Any:
        """Carries the Azure side out and returns the plan as it is by then."""
        if output_dir is not None:
            check_folder(output_dir)
        loaded = self._load(source)
        outcome = self._migration.approve(loaded.inventory, options, self._headers)
        files = self._write(outcome.plan, loaded, output_dir, source)
        if outcome.errors:
            fail_after_output(self._cli_ctx, combine_errors(outcome.errors, "credentials could not be made."))
        elif output_dir is None and outcome.plan.workloads:
            logger.warning("Have the Kubernetes side written as files with --output-dir, and apply them.")
        if left_out := outcome.plan.left_out:
            logger.warning("Workloads left out until the plan's decisions are taken: %d.", len(left_out))
        elif not outcome.plan.credentials:
            logger.warning("Nothing to approve: no workload that was read gets a managed identity by its label.")
        return plan_report(outcome.plan, made=outcome.made, files=files)

    def status(self, source: Source) -> Any:
        """How far each workload is."""
        return status_report(self._migration.status(self._load(source).inventory))

    def undo(self) -> Any:
        """Removes the credentials that this tool made; None for a no."""
        found = self._migration.own_credentials()
        count = sum(map(len, found.values()))
        question = (
            f"{count} federated identity credentials that this command made will be removed. Pods that use workload "
            "identity with them get no tokens any more; pod identity stays as it is."
        )
        if count and not self._agreed(question):
            return None
        removed, errors = self._migration.undo(found)
        if errors:
            fail_after_output(self._cli_ctx, combine_errors(errors, "credentials could not be removed."))
        if not count:
            logger.warning(
                "No managed identity of the cluster's pod identities has a credential that this command made. It knows "
                "its own by their names, which it derives from the cluster's issuer and the subject."
            )
        return removal_report(self._reference.name, credentials=removed)

    def finish(self, source: Source) -> Any:
        """Removes what the add-on has, and disables it; None for a no."""
        loaded = self._load(source)
        cluster = self._service.wait_until_idle().cluster
        check_finished(self._reference, loaded.inventory, source.arguments)
        if not any(each.live for each in loaded.inventory.workloads):
            logger.warning("Only manifests were read: whether they are applied, this command cannot tell.")
        if lost_by_disable(cluster.profile) and not self._agreed(_describe_finish(cluster, loaded)):
            return None
        self._migration.finish(cluster, self._headers)
        identities = [str(entry.key) for entry in cluster.profile.identities]
        exceptions = exceptions_of(cluster)
        return removal_report(self._reference.name, identities=identities, exceptions=exceptions, disabled=True)

    def _load(self, source: Source) -> Loaded:
        if source.workloads:
            return sources.load(source.workloads, source.namespace)
        if source.run_command:
            model = self._service.read().model
            text = run_command.get_output(self._cli_ctx, self._client, self._reference, model, KUBECTL_GET)
            objects = read_objects(text, "run-command")
        else:
            objects = kubectl.get_objects(self._cli_ctx, self._service.read().cluster, source.context)
        if not objects:  # of nothing it cannot be said that it is finished
            raise ValidationError(
                f"No workload was read from cluster {self._reference.name!r}.",
                "Choose the cluster with --context, or pass its workloads with --workloads.",
            )
        return sources.of_objects(objects, source.namespace)

    def _write(self, plan: Plan, loaded: Loaded, output_dir: str | None, source: Source) -> list[str]:
        if output_dir is None:
            return []
        files = write_files(plan, loaded, output_dir, source.context)
        commands = how_to_apply(files, output_dir)
        if not commands:
            logger.warning("There is nothing to write: no workload is to be changed.")
        elif not plan.approved:
            logger.warning("First run this again with --approve: without their credentials pods get no tokens.")
        for command in commands:
            logger.warning("Written. Apply it with: %s", command)
        return files

    def _agreed(self, what: str) -> bool:
        """Whether the person agrees. Raises NoTTYError where nobody can be asked."""
        return self._yes or confirm(what, "Go on?", "Pass --yes to go on.")


def _describe_finish(cluster: Cluster, loaded: Loaded) -> str:
    entries = "\n".join(f"  {entry_type.noun.lower()} {key}" for entry_type, key in lost_by_disable(cluster.profile))
    return (
        f"None of the {len(loaded.inventory.workloads)} workloads that were read carries the label any more. These go, "
        f"with the roles that the cluster identity has for their sake, and the add-on is disabled:\n{entries}"
    )
