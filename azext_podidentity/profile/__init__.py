# SPDX-License-Identifier: MIT
"""The pod identity profile as values: no network, no clock, no SDK client."""
