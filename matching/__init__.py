"""The engine: profiles in, ranked and explained matches out. Import from here only."""

from matching.countries import COUNTRIES, Country, RegistrationNumberInvalid, normal_name
from matching.evaluation import Quality, quality, rank_documents
from matching.evidence import Component, Direction, Evidence, Match, Willingness, match_id
from matching.features import FEATURES, Gap
from matching.highlight import Piece, highlighted
from matching.index import Unusable as SnapshotUnusable
from matching.index import saved_key
from matching.languages import LANGUAGES, Language, Names
from matching.matcher import Matcher, Ranking
from matching.profile import (
    KINDS,
    SECTORS,
    SIDES,
    SIZES,
    Kind,
    Listing,
    Profile,
    Sector,
    Side,
    Size,
    Status,
    Volume,
    Worth,
)
from matching.relevance import (
    Disagreement,
    Relevance,
    Statistics,
    Understanding,
    code_disagreement,
    vocabulary_statistics,
)
from matching.scoring import BIAS, EXPERT, Band, Model, band_of
from matching.search import Place, Wanted
from matching.text import fold, language_of
from matching.vocabulary import (
    Concept,
    Found,
    Vocabulary,
    search_concepts,
    suggested_headings,
    trade_linker,
    trade_vocabulary,
)

__all__ = [
    "BIAS",
    "COUNTRIES",
    "EXPERT",
    "FEATURES",
    "KINDS",
    "LANGUAGES",
    "SECTORS",
    "SIDES",
    "SIZES",
    "Band",
    "Component",
    "Concept",
    "Country",
    "Direction",
    "Disagreement",
    "Evidence",
    "Found",
    "Gap",
    "Kind",
    "Language",
    "Listing",
    "Match",
    "Matcher",
    "Model",
    "Names",
    "Piece",
    "Place",
    "Profile",
    "Quality",
    "Ranking",
    "RegistrationNumberInvalid",
    "Relevance",
    "Sector",
    "Side",
    "Size",
    "SnapshotUnusable",
    "Statistics",
    "Status",
    "Understanding",
    "Vocabulary",
    "Volume",
    "Wanted",
    "Willingness",
    "Worth",
    "band_of",
    "code_disagreement",
    "fold",
    "highlighted",
    "language_of",
    "match_id",
    "normal_name",
    "quality",
    "rank_documents",
    "saved_key",
    "search_concepts",
    "suggested_headings",
    "trade_linker",
    "trade_vocabulary",
    "vocabulary_statistics",
]
