# SPDX-License-Identifier: MIT
"""The table of known errors, each of which a test can let happen by its name."""

from __future__ import annotations

from azure_simulator.known_errors.access import ACCESS
from azure_simulator.known_errors.operations import OPERATIONS
from azure_simulator.known_errors.requests import REQUESTS as OTHERS
from azure_simulator.known_errors.table import DEFAULTS, REQUESTS, KnownError, Stage

__all__ = ["KNOWN_ERRORS", "REQUESTS", "KnownError", "Stage", "known_error"]

KNOWN_ERRORS = (*OPERATIONS, *ACCESS, *OTHERS)
_BY_NAME = {error.name: error for error in KNOWN_ERRORS}


def known_error(name: str, **values: str) -> KnownError:
    """Return the error with its placeholders filled in. Raise KeyError for an unknown name or placeholder."""
    error = _BY_NAME[name]
    if unknown := values.keys() - DEFAULTS.keys():
        raise KeyError(f"There is no placeholder {sorted(unknown)}.")
    given = {**DEFAULTS, **values}
    # A default may contain placeholders.
    filled = {key: value.format_map(given) for key, value in given.items()}
    headers = tuple((key, value.format_map(filled)) for key, value in error.headers)
    return error._replace(message=error.message.format_map(filled), headers=headers)
