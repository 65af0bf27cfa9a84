# SPDX-License-Identifier: MIT
"""Errors that people met, by name: one table, so that a test can let each of them happen."""

from __future__ import annotations

from azure_simulator.known_errors.access import ACCESS
from azure_simulator.known_errors.operations import OPERATIONS
from azure_simulator.known_errors.requests import REQUESTS as OTHERS
from azure_simulator.known_errors.table import DEFAULTS, REQUESTS, KnownError, Where

__all__ = ["KNOWN_ERRORS", "REQUESTS", "KnownError", "Where", "known_error"]

KNOWN_ERRORS = (*OPERATIONS, *ACCESS, *OTHERS)
_BY_NAME = {error.name: error for error in KNOWN_ERRORS}


def known_error(name: str, **values: str) -> KnownError:
    """Return the error with its placeholders filled in. Raise KeyError for an unknown name or placeholder."""
    error = _BY_NAME[name]
    if unknown := values.keys() - DEFAULTS.keys():
        raise KeyError(f"There is no placeholder {sorted(unknown)}.")
    given = {**DEFAULTS, **values}
    # A default may hold placeholders itself.
    filled = {key: value.format_map(given) for key, value in given.items()}
    headers = tuple((key, value.format_map(filled)) for key, value in error.headers)
    return error._replace(message=error.message.format_map(filled), headers=headers)
