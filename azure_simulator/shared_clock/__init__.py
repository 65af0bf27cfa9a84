# SPDX-License-Identifier: MIT
"""One clock for the simulator and for the processes that use it: time passes at once while all of them wait."""

from azure_simulator.shared_clock.clock import SharedClock

__all__ = ["SharedClock"]
