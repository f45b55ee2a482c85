"""How much the register knows of the other firm."""

import numpy as np

from matching.features.feature import Feature
from matching.features.meeting import Meeting
from matching.index.kernel import Floats
from matching.profile import STATUSES


def profile_is_complete(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm's profile is filled in."""
    return meeting.crowd.completeness, np.full(meeting.size, meeting.asker.completeness)


def firm_is_verified(meeting: Meeting) -> tuple[Floats, Floats]:
    """The council has verified the other firm."""
    verified = (meeting.crowd.statuses == STATUSES.index("verified")).astype(np.float64)
    return verified, np.full(meeting.size, float(meeting.asker.status == "verified"))


COMPLETE = Feature(profile_is_complete)
VERIFIED = Feature(firm_is_verified)
