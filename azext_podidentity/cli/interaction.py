"""Interact with the user of a command: ask for consent, fail after the output, find out the wanted output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import NoTTYError
from knack.events import EVENT_CLI_SUCCESSFUL_EXECUTE
from knack.prompting import NoTTYException, prompt_y_n
from knack.util import CLIError

if TYPE_CHECKING:
    from azure.cli.core import AzCli


def confirm(message: str, question: str, way_out: str) -> bool:
    """Whether the person says yes to the question, which comes after the message; without an answer it is a no.

    Raises NoTTYError with the message and the way out where nobody can be asked.
    """
    try:
        return bool(prompt_y_n(f"{message}\n{question}", default="n"))
    except NoTTYException as error:
        raise NoTTYError(f"{message}\nThere is no terminal to ask for consent.", way_out) from error


def fail_after_output(cli_ctx: Any, error: CLIError) -> None:
    """Has az end with the error, on standard error and as its exit code, once it has printed the result."""

    def fail(cli: Any, **_: Any) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, fail)
        raise error

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, fail)


def print_after_table(cli_ctx: AzCli, text: str) -> None:
    """Have az print the text below the table, if the command line asks for a table of the whole result."""
    given = cli_ctx.data.get("safe_params") or ()
    if not text or cli_ctx.invocation.data["output"] != "table" or any(_is(name, "--query") for name in given):
        return

    def write(cli: AzCli, **_: object) -> None:
        cli.unregister_event(EVENT_CLI_SUCCESSFUL_EXECUTE, write)
        print(f"\n{text}", file=cli.out_file)

    cli_ctx.register_event(EVENT_CLI_SUCCESSFUL_EXECUTE, write)


def wants_text(cli_ctx: Any) -> bool:
    """Whether a command that has a YAML text of its own prints that.

    It does unless the command line asks for another format or for a part: a default format that is set in az's
    configuration is meant for JSON.
    """
    given = cli_ctx.data.get("safe_params") or ()
    if any(_is(name, "--query") for name in given):
        return False
    formatted = any(name == "-o" or _is(name, "--output") for name in given)
    return not formatted or cli_ctx.invocation.data["output"] == "yaml"


def _is(name: str, option: str) -> bool:
    """Whether the option is given under that name, which may be shortened as far as it is clear."""
    return len(name) > len("--") and option.startswith(name)
