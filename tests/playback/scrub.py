# SPDX-License-Identifier: MIT
"""Placeholders for secrets and personal data in recordings."""

from __future__ import annotations

import re

ZERO = "00000000-0000-0000-0000-000000000000"
GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
# The same in every tenant: the roles that suffice to assign a managed identity.
PUBLIC = {
    "f1a07417-d97a-45cb-824c-7a7467783830",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
}
_PLACEHOLDER = "00000000-0000-0000-0000-"
# A role assignment's name is computed from ids, so it cannot be the same in a recording and its replay.
_ROLE_ASSIGNMENT = re.compile(rf"(?<=/roleAssignments/){GUID.pattern}", re.IGNORECASE)
_ROLE_PLACEHOLDER = f"{_PLACEHOLDER}{'a' * 12}"
_SSH_KEY = re.compile(r"ssh-(?:rsa|ed25519) [A-Za-z0-9+/=]+[^\"\\]*")
SSH_PLACEHOLDER = "ssh-rsa placeholder"
_SIGNATURE = re.compile(r"\b[0-9a-f]{64}\b")


class Scrubber:
    """Replace everything secret or personal with stable placeholders. Keep existing placeholders.

    url: of the cloud that answers, which becomes that of Azure. subscription_id: becomes zeros.
    """

    def __init__(self, url: str | None = None, subscription_id: str | None = None) -> None:
        self._url = url
        self._subscription_id = subscription_id
        self._known: dict[str, str] = {subscription_id.lower(): ZERO} if subscription_id else {}
        self._renamed: dict[str, str] = {}

    def rename(self, name: str, other: str) -> None:
        """From now on, replace a name that is computed from IDs with the other name."""
        self._renamed[name] = other

    def __call__(self, text: str) -> str:
        """Return the text with placeholders."""
        if self._url:
            text = text.replace(self._url, "https://management.azure.com")
        if self._subscription_id:  # az makes a DNS prefix of its beginning
            text = re.sub(rf"-{self._subscription_id[:6]}(?=[\"-])(?!-)", f"-{ZERO[:6]}", text)
        for name, other in self._renamed.items():
            text = text.replace(name, other)
        text = _ROLE_ASSIGNMENT.sub(_ROLE_PLACEHOLDER, text)
        text = _SSH_KEY.sub(SSH_PLACEHOLDER, text)
        text = _SIGNATURE.sub("0" * 64, text)
        return GUID.sub(self._placeholder, text)

    def _placeholder(self, match: re.Match[str]) -> str:
        found = match[0].lower()
        if found in PUBLIC or found.startswith(_PLACEHOLDER):
            return found
        return self._known.setdefault(found, f"{_PLACEHOLDER}{len(self._known) + 1:012d}")
