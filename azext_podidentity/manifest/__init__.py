# SPDX-License-Identifier: MIT
"""Read and write the YAML files that declare the pod identities of a cluster, and compare them with the cluster."""
