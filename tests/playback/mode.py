# SPDX-License-Identifier: MIT
"""The mode that selects what responds to the scenarios' requests."""

from __future__ import annotations

import os
from enum import Enum

VARIABLE = "PODIDENTITY_PLAYBACK"


class Mode(Enum):
    """REPLAY: the recordings, without a network. RECORD: the simulator, whose responses are recorded.

    LIVE: the cloud that az is signed in to; nothing is recorded.
    """

    REPLAY = "replay"
    RECORD = "record"
    LIVE = "live"


def mode() -> Mode:
    """Return the mode in the environment variable. Raise ValueError if it is unknown."""
    return Mode(os.environ.get(VARIABLE, Mode.REPLAY.value))
