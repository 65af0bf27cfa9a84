# SPDX-License-Identifier: MIT
"""Diagnose the pod identities of a cluster: small pure checks over one snapshot, listed in `registry`."""
