"""The trilingual vocabulary: concepts, their links, and finding them in a text."""

from matching.vocabulary.concepts import (
    Concept,
    Link,
    LinkKind,
    Scheme,
    Vocabulary,
    VocabularyInvalid,
    trade_vocabulary,
)
from matching.vocabulary.linker import SILENT, Found, Linker, Reading, trade_linker
from matching.vocabulary.typeahead import search_concepts, suggested_headings

__all__ = [
    "SILENT",
    "Concept",
    "Found",
    "Link",
    "LinkKind",
    "Linker",
    "Reading",
    "Scheme",
    "Vocabulary",
    "VocabularyInvalid",
    "search_concepts",
    "suggested_headings",
    "trade_linker",
    "trade_vocabulary",
]
