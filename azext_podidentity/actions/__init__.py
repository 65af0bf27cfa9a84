# SPDX-License-Identifier: MIT
"""The use cases: each reads, decides with the pure packages, and writes through the adapters."""
