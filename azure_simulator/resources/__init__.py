# SPDX-License-Identifier: MIT
"""One module or package per resource provider: its state, its rules and its routes."""
