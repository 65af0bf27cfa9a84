# SPDX-License-Identifier: MIT
"""Migrate the workloads of a cluster to workload identity, and disable the add-on: one use case per module.

Every action can be interrupted at any point and repeated.
"""
