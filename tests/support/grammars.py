# SPDX-License-Identifier: MIT
"""Strategies for values in the grammars of Kubernetes and Azure, and for invalid ones."""

from __future__ import annotations

from hypothesis import strategies as st

from azext_podidentity.profile.entries import EntryKey

LOWER = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"
LETTERS = LOWER + LOWER.upper()
# Not ASCII, although str.isalnum, str.lower or \d accept them as letters and digits.
LOOKALIKES = "\u00e9\u00df\u0131\u017f\u212a\u00b9\u0662\u00b2\uff41"
# Characters that are in none of the grammars.
FOREIGN = " \t\n\r\x00\x7f\u2028\u200b\"'`$\\;|&<>(){}[]*?#!%~^+,:@" + LOOKALIKES


@st.composite
def runs(draw: st.DrawFn, ends: str, inner: str, longest: int) -> str:
    """Draw 1 to `longest` characters that start and end with one of `ends`, with those of `inner` between."""
    length = draw(st.integers(1, min(longest, 12)) | st.just(longest))
    middle = draw(st.text(inner, min_size=max(0, length - 2), max_size=max(0, length - 2)))
    first, last = draw(st.sampled_from(ends)), draw(st.sampled_from(ends))
    return first if length == 1 else first + middle + last


namespaces = runs(LOWER + DIGITS, LOWER + DIGITS + "-", 63)
label_values = runs(LETTERS + DIGITS, LETTERS + DIGITS + "-_.", 63)
names = st.lists(namespaces, min_size=1, max_size=4).map(lambda parts: ".".join(parts)[:253].rstrip("-."))
longest_names = st.builds(lambda letter: ".".join([letter * 63] * 3 + [letter * 61]), st.sampled_from(LOWER))
label_keys = st.builds(
    lambda prefix, name: f"{prefix}/{name}" if prefix else name, st.none() | names | longest_names, label_values
)
labels = st.dictionaries(label_keys, label_values | st.just(""), min_size=1, max_size=4)
keys = st.builds(EntryKey, namespaces, names)

subscriptions = st.uuids().map(str)
resource_groups = runs(LETTERS + DIGITS + "_(", LETTERS + DIGITS + "-_.()", 90).map(lambda text: text + "g")
identity_names = runs(LETTERS + DIGITS, LETTERS + DIGITS + "-_", 128)


def cases(text: str) -> st.SearchStrategy[str]:
    """Return a strategy for the text in different letter cases."""
    return st.sampled_from([text, text.lower(), text.upper(), text.swapcase()])


@st.composite
def identity_ids(draw: st.DrawFn) -> tuple[str, tuple[str, str, str]]:
    """Draw a managed identity's resource ID, with keywords in any case, and its subscription, group and name."""
    subscription, group, name = draw(subscriptions), draw(resource_groups), draw(identity_names)
    segments = [
        *(draw(cases("subscriptions")), subscription, draw(cases("resourceGroups")), group),
        *(draw(cases("providers")), draw(cases("Microsoft.ManagedIdentity"))),
        *(draw(cases("userAssignedIdentities")), name),
    ]
    return "".join(f"/{segment}" for segment in segments), (subscription, group, name)


@st.composite
def inserted(draw: st.DrawFn, valid: st.SearchStrategy[str], characters: str) -> str:
    """Draw a valid value with a foreign character at any position."""
    text = draw(valid)
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.sampled_from(characters)) + text[at:]
