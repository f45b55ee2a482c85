"""The trilingual vocabulary: concepts, their links, and finding them in a text."""

from matching.vocabulary.concepts import Concept, Link, Scheme, Vocabulary, VocabularyInvalid, trade_vocabulary
from matching.vocabulary.linker import NOTHING, Found, Linker, Weighed, trade_linker
from matching.vocabulary.typeahead import search_concepts

__all__ = [
    "NOTHING",
    "Concept",
    "Found",
    "Link",
    "Linker",
    "Scheme",
    "Vocabulary",
    "VocabularyInvalid",
    "Weighed",
    "search_concepts",
    "trade_linker",
    "trade_vocabulary",
]
