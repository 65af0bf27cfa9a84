# SPDX-License-Identifier: MIT
"""Benchmarks of the extension, which compare its times with bounds: see ./benchmarks/run --help."""
