"""The trilingual vocabulary: concepts, their links, and finding them in a text."""

from matching.vocabulary.concepts import Concept, Link, Vocabulary, VocabularyInvalid, trade_vocabulary
from matching.vocabulary.linker import Found, Linker, trade_linker
from matching.vocabulary.typeahead import search_concepts

__all__ = [
    "Concept",
    "Found",
    "Link",
    "Linker",
    "Vocabulary",
    "VocabularyInvalid",
    "search_concepts",
    "trade_linker",
    "trade_vocabulary",
]
