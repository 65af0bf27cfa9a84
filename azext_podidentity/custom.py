"""One short handler a command."""

# az passes a command's options by name; a validator may have used one up.
# pylint: disable=too-many-positional-arguments, unused-argument

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_podidentity.arm.managed_clusters import ClusterReader
from azext_podidentity.cli.deprecation import warn_deprecated
from azext_podidentity.cli.target import cluster_reference
from azext_podidentity.profile.cluster import Cluster, off_hint
from azext_podidentity.profile.entries import EntryKey, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY, EntryType
from azext_podidentity.profile.validation import name_from_labels, name_from_managed_identity

if TYPE_CHECKING:
    from azext_podidentity.arm.cluster_writer import ClusterWriter

logger = get_logger(__name__)


def pod_identity_add(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    identity_resource_id: str,
    entry_name: str | None = None,
    binding_selector: str | None = None,
    skip_role_assignment: bool = False,
    force: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> Any:
    """`az aks pod-identity add`: returns the managed cluster."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.profile.changes import AddIdentity

    name = entry_name or name_from_managed_identity(identity_resource_id)
    change = AddIdentity.of(EntryKey(entry_namespace, name), identity_resource_id, binding_selector, force=force)
    warn_deprecated(cmd.cli_ctx)
    writer = _writer(cmd, client, resource_group_name, cluster_name, timeout)
    grants = RoleGrants(cmd.cli_ctx, skip_role_assignment=skip_role_assignment)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def pod_identity_delete(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_names: list[EntryKey],
    delete_role_assignment: bool = False,
    yes: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> Any:
    """`az aks pod-identity delete`: returns the managed cluster."""
    from azext_podidentity.actions.delete import delete_identities
    from azext_podidentity.cli.interaction import agrees
    from azext_podidentity.profile.changes import Delete

    def agrees_to_remove(assignment_ids: list[str]) -> bool:
        names = "\n".join(assignment_ids)
        return agrees(f"The role assignments of the pod identities were created by others:\n{names}", "Remove them?")

    return delete_identities(
        cmd.cli_ctx,
        _writer(cmd, client, resource_group_name, cluster_name, timeout),
        Delete(IDENTITY, tuple(entry_names)),
        delete_role_assignment=delete_role_assignment,
        agree=lambda ids: yes or agrees_to_remove(ids),
        headers=aks_custom_headers,
        no_wait=no_wait,
    )


def pod_identity_apply(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    files: list[str],
    prune: bool = False,
    dry_run: bool = False,
    skip_role_assignment: bool = False,
    yes: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    no_wait: bool = False,
    timeout: int | None = None,
) -> dict[str, list[dict[str, Any]]] | None:
    """`az aks pod-identity apply`: returns what is added, changed, removed and unchanged, None for a no."""
    from azext_podidentity.actions import apply
    from azext_podidentity.cli.interaction import confirm

    manifest = apply.load_manifest(cmd.cli_ctx, files)
    warn_deprecated(cmd.cli_ctx)
    for note in manifest.notes:
        logger.warning(note)
    writer = _writer(cmd, client, resource_group_name, cluster_name, timeout)
    plan = apply.plan_changes(cmd.cli_ctx, writer, manifest, prune=prune, dry_run=dry_run)
    if dry_run or not plan.difference:
        logger.warning(plan.describe(cluster_name))
    else:
        if plan.removals and not yes:
            confirm(*plan.question(cluster_name))
        apply.apply_plan(
            cmd.cli_ctx,
            writer,
            plan,
            skip_role_assignment=skip_role_assignment,
            headers=aks_custom_headers,
            no_wait=no_wait,
        )
    return plan.difference.to_json()


def pod_identity_export(cmd: Any, client: Any, resource_group_name: str, cluster_name: str) -> dict[str, Any] | None:
    """`az aks pod-identity export`: prints the file; returns its JSON object where another output is asked for."""
    from azext_podidentity.cli.output_format import has_option, print_text, wants_text
    from azext_podidentity.manifest.exporter import to_document, to_yaml

    cluster = _reader(cmd, client, resource_group_name, cluster_name).read().cluster
    warn_if_disabled(cluster)
    profile = cluster.profile
    if not wants_text(cmd.cli_ctx):
        return to_document(profile)
    # Several clusters are several YAML documents.
    start = f"---\n# Cluster {cluster_name}\n" if has_option(cmd.cli_ctx, "--ids") else ""
    print_text(cmd.cli_ctx, f"{start}{to_yaml(profile)}")
    return None


def list_entries(
    cmd: Any, client: Any, resource_group_name: str, cluster_name: str, entry_namespace: str | None = None
) -> Any:
    """`az aks pod-identity list` and `… exception list`: returns the managed cluster, which has the entries of both."""
    reader = _reader(cmd, client, resource_group_name, cluster_name)
    model = reader.get_namespace(entry_namespace)
    warn_if_disabled(reader.state_of(model).cluster)
    return model


def pod_identity_show(
    cmd: Any, client: Any, resource_group_name: str, cluster_name: str, entry_namespace: str, entry_name: str
) -> Any:
    """`az aks pod-identity show`: returns the entry, None where the add-on is off."""
    reader = _reader(cmd, client, resource_group_name, cluster_name)
    return _entry(reader, IDENTITY, EntryKey(entry_namespace, entry_name))


def pod_identity_for_wait(
    cmd: Any, client: Any, resource_group_name: str, cluster_name: str, entry_namespace: str, entry_name: str
) -> Any:
    """The entry in the form that az's own wait conditions understand."""
    key = EntryKey(entry_namespace, entry_name)
    return _reader(cmd, client, resource_group_name, cluster_name).entry_for_wait(key)


def pod_identity_check(
    cmd: Any, client: Any, resource_group_name: str, cluster_name: str, fail_on: str | None = None
) -> list[dict[str, str | None]]:
    """Return the findings, worst first; their commands are printed below a table."""
    from azure.cli.core.azclierror import ValidationError

    from azext_podidentity.actions import check
    from azext_podidentity.checks.finding import at_or_above, suggested_commands
    from azext_podidentity.checks.registry import run_checks
    from azext_podidentity.cli.after_output import fail_after_output, print_after_table

    findings = run_checks(check.read_snapshot(cmd.cli_ctx, _reader(cmd, client, resource_group_name, cluster_name)))
    print_after_table(cmd.cli_ctx, "Suggested commands:", suggested_commands(findings))
    if fail_on and (bad := at_or_above(findings, fail_on)):
        message = f"{len(bad)} of {len(findings)} findings have the severity {fail_on} or worse (--fail-on)."
        fail_after_output(cmd.cli_ctx, ValidationError(message, "Fix the reported problems and run the check again."))
    return [finding.to_json() for finding in findings]


def pod_identity_migrate(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    workloads: list[str] | None = None,
    kube_context: str | None = None,
    run_command: bool = False,
    default_namespace: str = "default",
    approve: bool = False,
    status: bool = False,
    finish: bool = False,
    undo: bool = False,
    issuer: str | None = None,
    remove_labels: bool = False,
    one_step: bool = False,
    output_dir: str | None = None,
    proxy_sidecar: list[str] | None = None,
    new_service_accounts: bool = False,
    aks_custom_headers: dict[str, str] | None = None,
    force: bool = False,
    yes: bool = False,
) -> Any:
    """Return the plan of a migration, its status, or what was removed."""
    from azext_podidentity.actions.migrate import Migration
    from azext_podidentity.actions.workload_source import WorkloadSource, load
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.cli.after_output import fail_after_output
    from azext_podidentity.cli.interaction import confirm
    from azext_podidentity.migration.steps import ONE_STEP, PREPARE, REMOVE_LABELS, Options

    def ask(message: str) -> None:
        if not yes:
            confirm(message, "Continue?", "Pass --yes to continue without a question.")

    reference = cluster_reference(cmd, resource_group_name, cluster_name)
    writer = ClusterWriter(cmd.cli_ctx, client, reference)
    migration = Migration(cmd.cli_ctx, writer, reference, ask, aks_custom_headers)
    source = WorkloadSource(tuple(workloads or ()), kube_context, run_command, default_namespace)
    stage = REMOVE_LABELS if remove_labels else ONE_STEP if one_step else PREPARE
    options = Options(stage, None if proxy_sidecar is None else tuple(proxy_sidecar), new_service_accounts)
    if undo:
        outcome = migration.undo(issuer)
    else:
        if output_dir is not None:
            migration.check_output_dir(output_dir)
        loaded = load(cmd.cli_ctx, client, writer, reference, source, must_be_cluster=finish and not force)
        if status:
            outcome = migration.status(loaded)
        elif finish:
            outcome = migration.finish(loaded, source, force=force, asks=not yes)
        else:
            outcome = (migration.approve if approve else migration.plan)(loaded, options, source, output_dir)
    for warning in outcome.warnings:
        logger.warning(warning)
    if outcome.error:
        fail_after_output(cmd.cli_ctx, outcome.error)
    return outcome.result


def exception_add(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    pod_labels: dict[str, str],
    entry_name: str | None = None,
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> Any:
    """`az aks pod-identity exception add`: returns the managed cluster."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.profile.changes import AddException

    key = EntryKey(entry_namespace, entry_name or name_from_labels(pod_labels))
    change = AddException(PodIdentityException(key, pod_labels))
    writer = _writer(cmd, client, resource_group_name, cluster_name, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def exception_update(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_name: str,
    pod_labels: dict[str, str],
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> Any:
    """`az aks pod-identity exception update`: returns the managed cluster."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.profile.changes import UpdateException

    change = UpdateException(PodIdentityException(EntryKey(entry_namespace, entry_name), pod_labels))
    writer = _writer(cmd, client, resource_group_name, cluster_name, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def exception_delete(
    cmd: Any,
    client: Any,
    resource_group_name: str,
    cluster_name: str,
    entry_namespace: str,
    entry_names: list[EntryKey],
    aks_custom_headers: dict[str, str] | None = None,
    timeout: int | None = None,
    no_wait: bool = False,
) -> Any:
    """`az aks pod-identity exception delete`: returns the managed cluster."""
    from azext_podidentity.actions.change import change_cluster
    from azext_podidentity.actions.role_grants import RoleGrants
    from azext_podidentity.profile.changes import Delete

    change = Delete(EXCEPTION, tuple(entry_names))
    writer = _writer(cmd, client, resource_group_name, cluster_name, timeout)
    grants = RoleGrants(cmd.cli_ctx)
    return change_cluster(cmd.cli_ctx, writer, change, grants, headers=aks_custom_headers, no_wait=no_wait).model


def exception_show(
    cmd: Any, client: Any, resource_group_name: str, cluster_name: str, entry_namespace: str, entry_name: str
) -> Any:
    """`az aks pod-identity exception show`: returns the exception, None where the add-on is off."""
    reader = _reader(cmd, client, resource_group_name, cluster_name)
    return _entry(reader, EXCEPTION, EntryKey(entry_namespace, entry_name))


def _entry(reader: ClusterReader, entry_type: EntryType, key: EntryKey) -> Any:
    """The entry's JSON object. An absent one is an error that lists those that are there, unless the add-on is off."""
    cluster = reader.read().cluster
    entry: Any = entry_type.entries(cluster.profile).find(key)
    if entry is None and not warn_if_disabled(cluster):
        raise entry_type.absent(cluster, key)
    return None if entry is None else entry.raw


def warn_if_disabled(cluster: Cluster) -> bool:
    """Whether the add-on is off; if so, tells a person how to enable it."""
    hint = off_hint(cluster)
    if hint:
        logger.warning(hint)
    return hint is not None


def _reader(cmd: Any, client: Any, resource_group_name: str, cluster_name: str) -> ClusterReader:
    return ClusterReader(cmd.cli_ctx, client, cluster_reference(cmd, resource_group_name, cluster_name))


def _writer(cmd: Any, client: Any, resource_group_name: str, cluster_name: str, timeout: int | None) -> ClusterWriter:
    from azext_podidentity.arm.cluster_writer import ClusterWriter

    return ClusterWriter(cmd.cli_ctx, client, cluster_reference(cmd, resource_group_name, cluster_name), timeout)
