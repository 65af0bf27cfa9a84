# SPDX-License-Identifier: MIT
"""What the extension costs in time, against bounds: ./benchmarks/run --help."""
