# SPDX-License-Identifier: MIT
"""The use cases: each reads, decides with the pure modules and writes through the adapters."""
