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


def agrees(message: str, question: str) -> bool:
    """Print the message, ask the question, and return the answer, which is no without a terminal."""
    try:
        return bool(prompt_y_n(f"{message}\n{question}", default="n"))
    except NoTTYException:
        return False
