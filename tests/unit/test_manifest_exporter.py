# SPDX-License-Identifier: MIT

from __future__ import annotations

import random
from dataclasses import replace

import yaml
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.manifest.exporter import to_document, to_yaml
from azext_podidentity.manifest.parser import parse_manifest
from azext_podidentity.profile.entries import EntryKey, Profile
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from tests.support import grammars
from tests.support.builders import SUBSCRIPTION, Json, exception_entry, identity_entry, identity_id

tricky = st.sampled_from(["yes", "no", "null", "007", "1.10", "1e3", "0x1f", "2001-01-01", "12", "true", "y"])
resource_ids = grammars.identity_ids().map(lambda pair: pair[0])


@st.composite
def identity_entries(draw: st.DrawFn) -> Json:
    key = EntryKey(
        draw(grammars.namespaces | tricky.filter(lambda text: "." not in text)), draw(grammars.names | tricky)
    )
    selector = draw(st.none() | grammars.label_values | tricky.filter(lambda text: text != "~"))
    more = {} if selector is None else {"bindingSelector": selector}
    return identity_entry(key, draw(resource_ids), draw(st.sampled_from(["Assigned", "Failed"])), **more)


exception_entries = st.builds(
    exception_entry,
    grammars.keys,
    st.none() | grammars.labels | st.dictionaries(tricky.filter(lambda text: len(text) < 60), tricky, min_size=1),
)


def key_of(entry: Json) -> tuple[str, str]:
    return entry["namespace"], entry["name"]


profiles = st.builds(
    lambda identities, exceptions: Profile.from_json(
        {"enabled": True, "userAssignedIdentities": identities, "userAssignedIdentityExceptions": exceptions}
    ),
    st.lists(identity_entries(), max_size=5, unique_by=key_of),
    st.lists(exception_entries, max_size=5, unique_by=key_of),
)


@given(profiles)
def test_export_round_trip(profile: Profile) -> None:
    manifest = parse_manifest([("file", to_yaml(profile).encode("ascii"))], SUBSCRIPTION)
    assert [(entry.key, entry.identity.resource_id, entry.binding_selector) for entry in manifest.identities] == [
        (entry.key, entry.identity.resource_id, entry.binding_selector)
        for entry in sorted(profile.identities, key=lambda entry: entry.key)
    ]
    assert {entry.key: entry.pod_labels for entry in manifest.exceptions} == {
        entry.key: entry.pod_labels for entry in profile.exceptions
    }
    again = replace(profile, identities=manifest.identities, exceptions=manifest.exceptions)
    assert to_yaml(again) == "".join(
        line for line in to_yaml(profile).splitlines(keepends=True) if not line.startswith("# In state Failed")
    )


@given(profiles, st.randoms())
def test_export_is_independent_of_entry_order(profile: Profile, order: random.Random) -> None:
    mixed = replace(
        profile,
        identities=type(profile.identities)(order.sample(profile.identities, len(profile.identities))),
        exceptions=type(profile.exceptions)(order.sample(profile.exceptions, len(profile.exceptions))),
    )
    assert to_yaml(mixed) == to_yaml(profile)


@given(profiles)
def test_yaml_equals_document(profile: Profile) -> None:
    assert yaml.safe_load(to_yaml(profile)) == to_document(profile)


def test_export_omits_service_fields_and_exception() -> None:
    profile = Profile.from_json(
        {
            "enabled": True,
            "userAssignedIdentities": [identity_entry(EntryKey("b", "x"), bindingSelector="s"), identity_entry()],
            "userAssignedIdentityExceptions": [
                exception_entry(SERVICE_EXCEPTION, {"app": "theirs"}),
                exception_entry(EntryKey("a", "no"), {"tier": "1.10", "app": "x"}),
            ],
        }
    )
    lines = [line for line in to_yaml(profile).splitlines() if line and not line.startswith("#")]
    assert lines == [
        "version: 1",
        "podIdentities:",
        "- namespace: b",
        "  name: x",
        "  bindingSelector: s",
        "  identity:",
        f"    resourceId: {identity_id()}",
        "- namespace: my-app",
        "  name: my-pod-identity",
        "  identity:",
        f"    resourceId: {identity_id()}",
        "exceptions:",
        "- namespace: a",
        "  name: 'no'",
        "  podLabels:",
        "    app: x",
        "    tier: '1.10'",
    ]
