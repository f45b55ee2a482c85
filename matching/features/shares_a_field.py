"""A common sector, or listings that meet across sectors."""

import numpy as np

from matching.features.feature import Feature
from matching.features.listings_meet import clear
from matching.features.meeting import Meeting
from matching.features.trade_uses_trade import used
from matching.index.kernel import Floats
from matching.index.segment import sector_bits
from matching.profile import SECTORS


def shares_a_field(meeting: Meeting) -> tuple[Floats, Floats]:
    """The firms have a sector in common, or their listings meet or use one another although their sectors differ."""
    ours = sector_bits(meeting.asker)
    theirs = meeting.segment.sectors
    bits = np.array([1 << place for place in range(len(SECTORS))])
    common = ((theirs[:, None] & ours & bits) > 0).sum(axis=1)
    fewest = np.minimum(((theirs[:, None] & bits) > 0).sum(axis=1), ours.bit_count())
    overlap = common / np.maximum(fewest, 1)
    meets = clear(np.maximum(meeting.supplied.best, meeting.demanded.best))
    uses = np.maximum(used(meeting.fed), used(meeting.feeding))
    value = np.maximum(np.maximum(overlap, meets), uses)
    return value, value


FIELD = Feature(shares_a_field)
