# SPDX-License-Identifier: MIT
"""Ask the user for consent."""

from __future__ import annotations

from azure.cli.core.azclierror import NoTTYError, UnclassifiedUserFault
from knack.prompting import NoTTYException, prompt_y_n


def confirm(message: str, question: str, recommendation: str | list[str]) -> None:
    """Print the message, ask the question, and return if the answer is yes.

    Raise UnclassifiedUserFault if the answer is no, which is the default. Without a terminal, raise NoTTYError with the
    message and the recommendation.
    """
    try:
        accepted = prompt_y_n(f"{message}\n{question}", default="n")
    except NoTTYException as error:
        raise NoTTYError(f"{message}\nThere is no terminal to ask for consent.", recommendation) from error
    if not accepted:
        raise UnclassifiedUserFault("Operation cancelled. Nothing was changed.")


def agrees_to_remove(assignment_ids: list[str]) -> bool:
    """List role assignments that others created, ask whether to remove them, and return the answer.

    Without a terminal, it is no.
    """
    names = "\n".join(assignment_ids)
    message = f"This extension did not create these role assignments:\n{names}\nRemove them?"
    try:
        return bool(prompt_y_n(message, default="n"))
    except NoTTYException:
        return False
