# SPDX-License-Identifier: MIT
"""Parse the request headers of `--aks-custom-headers`."""

from __future__ import annotations


def parse_custom_headers(text: str | None) -> dict[str, str]:
    """Return the headers of `--aks-custom-headers`, parsed by the host's own code.

    Raise InvalidArgumentValueError if they are not comma-separated key=value pairs.
    """
    if not text:
        return {}
    from azure.cli.command_modules.acs._validators import extract_comma_separated_string

    headers: dict[str, str] = extract_comma_separated_string(
        text, enable_strip=True, extract_kv=True, default_value={}, allow_appending_values_to_same_key=True
    )
    return headers
