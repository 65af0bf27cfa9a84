# SPDX-License-Identifier: MIT
"""Adapters: read and write files of Kubernetes objects, and run kubectl."""
