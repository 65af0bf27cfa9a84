# SPDX-License-Identifier: MIT
"""Log warnings, print texts and raise errors after az has printed the result, once for all clusters of `--ids`.

az runs one job per ID, several in parallel. The jobs have copies of the context but share its invocation, so their
warnings, texts and errors are collected there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE
from knack.log import get_logger

from azext_podidentity.cli.output_format import wants_whole_table
from azext_podidentity.cli.standard_output import writing
from azext_podidentity.profile.text import some_of

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.cli.core.azclierror import AzCLIError
    from knack.util import CommandResultItem

    from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)
# Exit codes. az ends with 1 after an error, with 2 if it cannot parse the command line, with 3 if nothing is found.
ERROR, PARTIAL, CHANGES = 1, 4, 5
# The maximum number of cluster names in a message.
_NAMES = 5
# The maximum number of warnings of several clusters.
_SHOWN = 3
_LOCK = Lock()
_KEY = "pod_identity_after_output"


@dataclass
class _AfterOutput:
    """The warnings, each with whether it comes last, the texts below the table by heading, and the errors.

    outcomes: the outcome of each cluster, from which `summarize` creates one sentence if there are several.
    """

    warnings: dict[str, bool] = field(default_factory=dict)
    texts: dict[str, list[str]] = field(default_factory=dict)
    errors: list[tuple[AzCLIError, int]] = field(default_factory=list)
    failures: dict[ClusterReference, Exception] = field(default_factory=dict)
    outcomes: dict[ClusterReference, str] = field(default_factory=dict)
    summarize: Callable[[Sequence[str]], str] | None = None

    def run(self, cli_ctx: AzCli, result: CommandResultItem, **_: object) -> None:
        """Print the texts and, unless the command failed on all clusters, the warnings; raise the first error.

        If several clusters were named, print the errors of those on which the command failed before.
        """
        cli_ctx.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, self.run)
        del cli_ctx.invocation.data[_KEY]
        for heading, texts in self.texts.items():
            with writing(cli_ctx.out_file):
                print("", heading, "", "\n\n".join(texts), sep="\n", file=cli_ctx.out_file)
        if self.summarize and len(self.outcomes) > 1:
            self.warnings[self.summarize(list(self.outcomes.values()))] = True
        for line in self._warning_lines() if result.exit_code == 0 else ():
            logger.warning(line)
        for cluster, failure in self.failures.items():
            _of_cluster(cluster, failure).print_error()
        # An error with the general exit code takes precedence.
        for error, exit_code in sorted(self.errors, key=lambda each: each[1]):
            if exit_code == ERROR:
                raise error
            error.print_error()
            error.send_telemetry()
            raise SystemExit(exit_code)
        if self.failures:
            raise SystemExit(PARTIAL if result.exit_code == 0 else ERROR)

    def _warning_lines(self) -> list[str]:
        """Return the warnings with commands unchanged, and the others as one line."""
        with_commands = [each for each in self.warnings if "\n" in each]
        first = [each for each, last in self.warnings.items() if not last and each not in with_commands]
        last = [each for each, last in self.warnings.items() if last and each not in with_commands]
        line = " ".join(filter(None, (some_of(first, _SHOWN, " "), *last)))
        return [*with_commands, *([line] if line else ())]


def warn_after_output(cli_ctx: AzCli, warning: str, *, last: bool = False) -> None:
    """Log the warning after the result, once for all clusters, unless the command fails.

    Warnings of one line are joined to one line, so that scripts that count lines on standard error can allow one.
    `last`: show it after the others and always, although the number of warnings is limited.
    """
    if getattr(cli_ctx, "invocation", None) is None:  # the caller is not az
        logger.warning(warning)
    else:
        _of(cli_ctx).warnings[warning] = last


def count_after_output(
    cli_ctx: AzCli, cluster: ClusterReference, outcome: str, summarize: Callable[[Sequence[str]], str]
) -> None:
    """Log the outcomes of several clusters as one sentence after the result; the last outcome of a cluster counts."""
    if getattr(cli_ctx, "invocation", None) is not None:  # a caller other than az has one cluster only
        after = _of(cli_ctx)
        after.outcomes[cluster] = outcome
        after.summarize = summarize


def print_after_table(cli_ctx: AzCli, heading: str, text: str) -> None:
    """Print the text below the table, under the heading, if az prints a table of the whole result."""
    if text and wants_whole_table(cli_ctx):
        _of(cli_ctx).texts.setdefault(heading, []).append(text)


def fail_after_output(cli_ctx: AzCli, error: AzCLIError, exit_code: int = ERROR) -> None:
    """Make az print the error after the result, and end with the exit code."""
    _of(cli_ctx).errors.append((error, exit_code))


def fail_partial(cli_ctx: AzCli, message: str, nothing: bool = False) -> None:
    """Make az report a partial result and end with its exit code, or with 1 if there is no result at all."""
    from azure.cli.core.azclierror import AzureResponseError

    prefix = "" if nothing else "Partial result: "
    fail_after_output(cli_ctx, AzureResponseError(f"{prefix}{message}"), ERROR if nothing else PARTIAL)


def fail_for_cluster(cli_ctx: AzCli, cluster: ClusterReference, error: Exception) -> None:
    """Make az print the error of one of several clusters after the result, and end with an exit code for errors."""
    _of(cli_ctx).failures[cluster] = error


def _of_cluster(cluster: ClusterReference, error: Exception) -> AzCLIError:
    """Return the error with the name of the cluster, unless its message begins with it."""
    from azure.cli.core.azclierror import AzCLIError, CLIInternalError
    from knack.util import CLIError

    known = isinstance(error, CLIError)
    message = str(error) if known else f"Unexpected error: {type(error).__name__}: {error}"
    name = f"Cluster '{cluster.name}'"
    message = message if message.startswith(name) else f"{name}: {message}"
    steps = error.recommendations if isinstance(error, AzCLIError) else []
    return (AzCLIError if known else CLIInternalError)(message, steps)


def fail_on_error(severity: str, bad: int, count: int) -> AzCLIError:
    """Return the error of `--fail-on` if `bad` of `count` findings have that severity or worse."""
    from azure.cli.core.azclierror import ValidationError

    message = f"{bad} of {count} findings have the severity {severity} or worse (--fail-on)."
    return ValidationError(message, "Fix the reported problems and run the check again.")


def fail_on_changes(cli_ctx: AzCli, *clusters: ClusterReference) -> None:
    """Make a dry run end with the exit code of `--fail-on-change`, because these clusters differ from the files."""
    from azure.cli.core.azclierror import ValidationError

    names = some_of((f"'{each.name}'" for each in clusters), _NAMES)
    message = f"The files differ from {'cluster' if len(clusters) == 1 else 'clusters'} {names} (--fail-on-change)."
    commands = ["To apply the files, run the same command without --dry-run and --fail-on-change."]
    fail_after_output(cli_ctx, ValidationError(message, commands), CHANGES)


def _of(cli_ctx: AzCli) -> _AfterOutput:
    data = cli_ctx.invocation.data
    with _LOCK:
        if _KEY not in data:
            data[_KEY] = _AfterOutput()
            cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, data[_KEY].run)
        after: _AfterOutput = data[_KEY]
        return after
