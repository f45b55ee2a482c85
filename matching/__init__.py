"""The engine: profiles in, ranked and explained matches out. Import from here only."""

from matching.countries import COUNTRIES, Country, RegistrationNumberInvalid, normal_name
from matching.duplicates import LEAST as LEAST_LIKENESS
from matching.duplicates import Clue, Identity, Likeness, Sign, address_key, likeness, likeness_keys
from matching.evaluation import Quality, quality, rank_documents
from matching.evidence import Component, Direction, Evidence, Match, Willingness, match_id
from matching.features import FEATURES, Gap
from matching.highlight import Piece, highlighted
from matching.index import Unusable as SnapshotUnusable
from matching.index import saved_key
from matching.languages import LANGUAGES, Language, Names
from matching.letters import latin, latin_words, name_lines, word_line
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
    warm_up,
)
from matching.scoring import BIAS, EXPERT, LOWEST, Band, Model, band_of
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
    "LEAST_LIKENESS",
    "LOWEST",
    "SECTORS",
    "SIDES",
    "SIZES",
    "Band",
    "Clue",
    "Component",
    "Concept",
    "Country",
    "Direction",
    "Disagreement",
    "Evidence",
    "Found",
    "Gap",
    "Identity",
    "Kind",
    "Language",
    "Likeness",
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
    "Sign",
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
    "address_key",
    "band_of",
    "code_disagreement",
    "fold",
    "highlighted",
    "language_of",
    "latin",
    "latin_words",
    "likeness",
    "likeness_keys",
    "match_id",
    "name_lines",
    "normal_name",
    "quality",
    "rank_documents",
    "saved_key",
    "search_concepts",
    "suggested_headings",
    "trade_linker",
    "trade_vocabulary",
    "vocabulary_statistics",
    "warm_up",
    "word_line",
]
