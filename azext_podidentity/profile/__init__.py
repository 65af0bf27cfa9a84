# SPDX-License-Identifier: MIT
"""The pod identity profile and the rules about it, as pure functions: no network, no clock, no SDK client."""
