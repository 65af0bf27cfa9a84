"""Asks the person at the terminal before something is lost."""

from __future__ import annotations

from azure.cli.core.azclierror import NoTTYError
from knack.prompting import NoTTYException, prompt_y_n


def agreed(message: str, question: str, way_out: str) -> bool:
    """Whether the person says yes to the question, which comes after the message; without an answer it is a no.

    Raises NoTTYError with the message and the way out where nobody can be asked.
    """
    try:
        return bool(prompt_y_n(f"{message}\n{question}", default="n"))
    except NoTTYException as error:
        raise NoTTYError(f"{message}\nThere is no terminal to ask for consent.", way_out) from error
