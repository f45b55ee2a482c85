"""The signals, one a file. ``FEATURES`` is all of them, in the order that components are listed."""

from matching.features.feature import Feature, Gap, Pair, Perspective
from matching.features.holds_required_certificates import CERTIFICATES
from matching.features.is_a_known_firm import COMPLETE, VERIFIED
from matching.features.listings_meet import DEMANDS, SAME_TRADE, SUPPLIES
from matching.features.meeting import Asked, Crowd, Meeting, meet
from matching.features.shares_a_field import FIELD
from matching.features.size_fits import SIZE
from matching.features.speaks_our_language import LANGUAGE
from matching.features.trade_uses_trade import SUPPLIES_TRADE, USES_SUPPLY
from matching.features.volume_fits import VOLUME

FEATURES: tuple[Feature, ...] = (
    SUPPLIES,
    DEMANDS,
    SAME_TRADE,
    SUPPLIES_TRADE,
    USES_SUPPLY,
    FIELD,
    VOLUME,
    CERTIFICATES,
    LANGUAGE,
    SIZE,
    COMPLETE,
    VERIFIED,
)

__all__ = ["FEATURES", "Asked", "Crowd", "Feature", "Gap", "Meeting", "Pair", "Perspective", "meet"]
