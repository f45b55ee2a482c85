"""A language that both firms can talk in."""

from collections.abc import Iterator

import numpy as np

from matching.features.feature import Feature, Pair, Perspective
from matching.features.meeting import Meeting
from matching.index.kernel import Floats


def speaks_our_language(meeting: Meeting) -> tuple[Floats, Floats]:
    """The firms name a common language of business."""
    ours = meeting.asker.languages
    keys, of_key = np.unique(meeting.crowd.languages, return_inverse=True)
    spoken = [meeting.crowd.language_sets[key] for key in keys.tolist()]
    value = np.array([float(bool(ours & theirs)) if ours and theirs else np.nan for theirs in spoken])[of_key]
    return value, value


def _missing_languages(pair: Pair) -> Iterator[tuple[Perspective, str, str]]:
    if not pair.ours.languages:
        yield "ours", "/languages", "Say which languages you do business in."
    if not pair.theirs.languages:
        yield "theirs", "/languages", "Say which languages you do business in."


LANGUAGE = Feature(speaks_our_language, _missing_languages)
