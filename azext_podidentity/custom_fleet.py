"""The handlers of commands over many clusters. Each imports its use case when it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from knack.log import get_logger

if TYPE_CHECKING:
    from azure.cli.core.commands import AzCliCommand

logger = get_logger(__name__)


def list_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None = None,
    management_group: str | None = None,
    include_disabled: bool = False,
) -> list[dict[str, Any]]:
    """Return a row for each cluster with the add-on enabled, or for all clusters."""
    from azext_podidentity.actions.fleet.inventory import Scope, read_inventory
    from azext_podidentity.cli.after_output import warn_after_output
    from azext_podidentity.profile.text import count_of

    inventory = read_inventory(cmd.cli_ctx, Scope(tuple(subscriptions or ()), management_group))
    warn_after_output(cmd.cli_ctx, inventory.summary())
    if inventory.unreadable:
        _fail_partial(cmd, f"{count_of(len(inventory.unreadable), 'subscription')} cannot be read.")
    return inventory.rows(include_disabled=include_disabled)


def check_all_clusters(
    cmd: AzCliCommand,
    subscriptions: list[str] | None,
    management_group: str | None,
    fail_on: str | None,
    *,
    parallel: int | None,
    timeout: int | None,
    report: str | None,
) -> list[dict[str, str | None]]:
    """Return the findings on all clusters as JSON objects, most severe first, and write the report."""
    from azext_podidentity.actions.fleet.check import check_clusters
    from azext_podidentity.actions.fleet.inventory import Scope
    from azext_podidentity.actions.fleet.parallel import PARALLEL
    from azext_podidentity.checks.finding import at_or_above
    from azext_podidentity.cli.after_output import (
        fail_after_output,
        fail_on_error,
        print_after_table,
        warn_after_output,
    )
    from azext_podidentity.cli.report_file import check_report_path, write_report
    from azext_podidentity.fleet.check_report import check_report
    from azext_podidentity.fleet.findings import suggested_commands
    from azext_podidentity.profile.text import count_of

    check_report_path(report)
    scope = Scope(tuple(subscriptions or ()), management_group)
    checked = check_clusters(cmd.cli_ctx, scope, parallel=parallel or PARALLEL, timeout=timeout)
    write_report(report, check_report(checked.inventory, checked.findings))
    warn_after_output(cmd.cli_ctx, checked.inventory.summary())
    print_after_table(cmd.cli_ctx, "Suggested commands:", suggested_commands(checked.findings))
    if fail_on and (bad := at_or_above([each.finding for each in checked.findings], fail_on)):
        fail_after_output(cmd.cli_ctx, fail_on_error(fail_on, len(bad), len(checked.findings)))
    if checked.unchecked:
        _fail_partial(cmd, f"{count_of(checked.unchecked, 'cluster')} could not be checked.")
    if checked.inventory.unreadable:
        _fail_partial(cmd, f"{count_of(len(checked.inventory.unreadable), 'subscription')} cannot be read.")
    return [each.to_json() for each in checked.findings]


def _fail_partial(cmd: AzCliCommand, message: str) -> None:
    """Have az print that the result is partial, and end with the exit code for that."""
    from azure.cli.core.azclierror import AzureResponseError

    from azext_podidentity.cli.after_output import PARTIAL, fail_after_output

    fail_after_output(cmd.cli_ctx, AzureResponseError(f"Partial result: {message}"), PARTIAL)
