# SPDX-License-Identifier: MIT
"""Whole `az` command lines, of the real host with the built wheel, against the simulator."""
