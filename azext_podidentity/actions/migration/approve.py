# SPDX-License-Identifier: MIT
"""Carry out the Azure side of a migration."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzureResponseError
from knack.util import CLIError

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.migration.context import Credentials, MigrationContext, combine_errors
from azext_podidentity.actions.migration.plan import make_plan, write
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.cli.outcome import Outcome
from azext_podidentity.migration.binding_options import check_options
from azext_podidentity.migration.identity_decisions import OIDC_ISSUER_CONSEQUENCES
from azext_podidentity.migration.plan import needed_identities
from azext_podidentity.migration.report import plan_report
from azext_podidentity.migration.steps import IDENTITY_BINDING
from azext_podidentity.profile.add_on_changes import EnableWorkloadIdentity

if TYPE_CHECKING:
    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.kubernetes.sources import Loaded
    from azext_podidentity.migration.steps import MigrationPlan, Options
    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.identity_bindings import IdentityBinding


def approve_plan(
    context: MigrationContext, loaded: Loaded, options: Options, source: WorkloadSource, output_dir: str | None
) -> Outcome:
    """Carry out the Azure side of the plan, and return the updated plan.

    1. Wait until the cluster is idle.
    2. Enable the OIDC issuer and workload identity in one write, if a workload needs them. Ask first if that enables
       the OIDC issuer, which cannot be disabled again.
    3. Create the missing credentials and identity bindings that no decision blocks.
    4. Write the files of the Kubernetes side.

    Raise an azure-cli error if the cluster cannot be changed, or cannot have identity bindings. An error about one
    credential or binding is reported after the output; those of other managed identities are still created.
    """
    cluster = context.writer.wait_until_idle().cluster
    check_options(cluster, loaded.inventory, options)
    if options.target == IDENTITY_BINDING:
        context.bindings.read()  # an azure-cli that is too old must not enable anything
    created: Credentials = {}
    bound: list[IdentityBinding] = []
    errors: list[CLIError] = []
    if needed_identities(cluster.profile, loaded.inventory):
        cluster = _enable_features(context, cluster)
    plan = make_plan(context, cluster, loaded.inventory, options)
    wanted, missing = _missing_credentials(plan), plan.missing_bindings
    if wanted:
        created, errors = context.credentials.create(wanted)
    if missing:
        bound, failures = context.bindings.create((step.identity.resource_id, step.binding) for step in missing)
        errors += failures
    if wanted or missing:
        plan = make_plan(context, cluster, loaded.inventory, options)
    files, warnings = write(plan, loaded, source, output_dir)
    if not errors and output_dir is None and plan.workloads:
        warnings.append("To write the Kubernetes side to files, run the command again with --output-dir.")
    if plan.blocked:
        warnings.append(f"Workloads skipped until the decisions of the plan are taken: {len(plan.blocked)}.")
    elif not (plan.credentials or plan.bindings):
        warnings.append("Nothing to approve: no workload that was read gets a managed identity by its label.")
    new = [each for listed in created.values() for each in listed]
    report = plan_report(plan, created=new, bound=bound, files=files)
    what = "credentials or identity bindings could not be created."
    return Outcome(report, tuple(warnings), combine_errors(errors, what))


def _enable_features(context: MigrationContext, cluster: Cluster) -> Cluster:
    """Return the cluster with the OIDC issuer and workload identity enabled."""
    if not cluster.features.enabled:
        if not cluster.features.oidc_issuer:
            context.confirm(
                f"The OIDC issuer of cluster '{cluster.reference.name}' will be enabled. {OIDC_ISSUER_CONSEQUENCES}"
            )
        grants = RoleGrants(context.cli_ctx)
        change_cluster(context.cli_ctx, context.writer, EnableWorkloadIdentity(), grants, headers=context.headers)
        cluster = context.writer.read().cluster
    if cluster.features.issuer is None:
        raise AzureResponseError(
            f"The OIDC issuer of cluster '{cluster.reference.name}' is enabled, but its URL is not known yet.",
            "Run the same command again in a minute.",
        )
    return cluster


def _missing_credentials(plan: MigrationPlan) -> Credentials:
    """Return the credentials that do not exist yet, by resource ID of their managed identity."""
    missing: Credentials = defaultdict(list)
    for step in plan.missing_credentials:
        if step.credential is not None:
            missing[step.identity.resource_id].append(step.credential)
    return dict(missing)
