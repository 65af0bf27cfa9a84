# SPDX-License-Identifier: MIT
"""What commands share at the terminal: questions, output and progress."""
