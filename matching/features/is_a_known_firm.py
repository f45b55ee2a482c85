"""How much the register knows of the other firm."""

import numpy as np

from matching.features.feature import Feature
from matching.features.meeting import Meeting
from matching.index.kernel import Floats


def profile_is_complete(meeting: Meeting) -> tuple[Floats, Floats]:
    """The other firm's profile is filled in."""
    return meeting.segment.completeness, np.full(meeting.size, meeting.asker.completeness)


def firm_is_verified(meeting: Meeting) -> tuple[Floats, Floats]:
    """The council has verified the other firm."""
    return meeting.segment.verified, np.full(meeting.size, float(meeting.asker.status == "verified"))


COMPLETE = Feature(profile_is_complete)
VERIFIED = Feature(firm_is_verified)
