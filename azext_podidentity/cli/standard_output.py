# SPDX-License-Identifier: MIT
"""Write to standard output, which can be full or closed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from knack.events import EVENT_CLI_POST_EXECUTE

from azext_podidentity.cli.output_format import color_difference

if TYPE_CHECKING:
    from azure.cli.core import AzCli


def print_text(cli_ctx: AzCli, text: str) -> None:
    """Print the text and suppress the result of az, including the nulls of several clusters.

    Raise FileOperationError if standard output cannot be written; a closed pipe is no error, as in az.
    """
    with writing(cli_ctx.out_file):
        print(text, end="", file=cli_ctx.out_file)
    cli_ctx.invocation.data["output"] = "none"


def print_difference(cli_ctx: AzCli, text: str) -> None:
    """Print the text of a difference as `print_text` does, in the colors of az's theme at a terminal."""
    print_text(cli_ctx, f"{color_difference(cli_ctx, text)}\n")


def check_result_output(cli_ctx: AzCli) -> None:
    """Make az report in one line, instead of a traceback, that its result cannot be written to standard output.

    az prints the result itself, without another way to handle the error. The output of the next command is not changed.
    """
    producer = cli_ctx.output
    write = producer.out

    def out(*arguments: Any, **options: Any) -> None:
        with writing(cli_ctx.out_file):
            write(*arguments, **options)

    def restore(ended: AzCli, **_: object) -> None:
        ended.unregister_event(EVENT_CLI_POST_EXECUTE, restore)
        producer.out = write

    producer.out = out
    cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, restore)


@contextmanager
def writing(file: TextIO) -> Iterator[None]:
    """Flush what the block prints to standard output. Raise FileOperationError if it cannot be written."""
    try:
        yield
        file.flush()
    except BrokenPipeError:
        _discard_rest(file)
    except OSError as error:
        from azure.cli.core.azclierror import FileOperationError

        _discard_rest(file)
        raise FileOperationError(
            f"Standard output cannot be written: {error.strerror}.",
            "Changes that the command made are kept. Redirect the output to another device, or free space on this one.",
        ) from error


def _discard_rest(file: TextIO) -> None:
    """Discard the buffer, which Python would otherwise fail to write when it exits, with exit code 120."""
    with suppress(OSError, ValueError):  # not a real file
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())
        os.close(nowhere)
