# SPDX-License-Identifier: MIT
"""Adapters that read and write files of Kubernetes objects, and run kubectl."""
