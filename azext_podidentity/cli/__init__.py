# SPDX-License-Identifier: MIT
"""The user interface that commands share: questions, output and progress."""
