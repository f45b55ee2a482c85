"""A common sector, or listings that meet across sectors."""

import numpy as np

from matching.features.feature import Feature
from matching.features.listings_meet import clear
from matching.features.meeting import Meeting
from matching.features.trade_uses_trade import used
from matching.index.columns import sector_bits
from matching.index.kernel import Floats


def overlap(meeting: Meeting) -> Floats:
    """How much of the smaller set of sectors both firms are in, in [0, 1]."""
    ours = sector_bits(meeting.asker)
    theirs = meeting.crowd.sectors
    fewest = np.minimum(np.bitwise_count(theirs), ours.bit_count())
    shared: Floats = np.bitwise_count(theirs & ours) / np.maximum(fewest, 1)
    return shared


def shares_a_field(meeting: Meeting) -> tuple[Floats, Floats]:
    """The firms have a sector in common, or their listings meet or use one another although their sectors differ."""
    meets = clear(np.maximum(meeting.supplied.best, meeting.demanded.best))
    uses = np.maximum(used(meeting.fed), used(meeting.feeding))
    value = np.maximum(np.maximum(overlap(meeting), meets), uses)
    return value, value


FIELD = Feature(shares_a_field)
