# SPDX-License-Identifier: MIT
"""Read, write and compare with a cluster the YAML files that declare its pod identities."""
