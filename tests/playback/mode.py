# SPDX-License-Identifier: MIT
"""The one switch: what answers the scenarios' requests."""

from __future__ import annotations

import os
from enum import Enum

VARIABLE = "PODIDENTITY_PLAYBACK"


class Mode(Enum):
    """REPLAY: the recordings, without a network. RECORD: the simulator, its answers are written down.

    LIVE: the cloud that az is signed in to; nothing is recorded.
    """

    REPLAY = "replay"
    RECORD = "record"
    LIVE = "live"


def mode() -> Mode:
    """The mode that the environment variable asks for; ValueError for a word that is none."""
    return Mode(os.environ.get(VARIABLE, Mode.REPLAY.value))
