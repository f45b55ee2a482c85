from hypothesis import given
from hypothesis import strategies as st

from matching.highlight import highlighted


def marked(text: str, *codes: str, words: tuple[str, ...] = ()) -> list[tuple[str, int | None]]:
    return [(piece.text, piece.concept) for piece in highlighted(text, codes, words) if piece.concept is not None]


def test_words_of_a_shared_concept_are_marked_in_each_language() -> None:
    assert marked("Нужен какао-порошок алкализованный, 20 т", "hs:1805")[0][0].startswith("какао-порошок")
    assert ("Cocoa powder", 0) in marked("Cocoa powder of our own", "hs:1805")
    assert "Бидай ұны" in marked("Бидай ұны керек", "hs:1101")[0][0]


def test_a_wider_concept_of_the_other_listing_marks_the_narrower_word() -> None:
    assert marked("Cocoa powder", "hs:18")


def test_unrelated_concepts_mark_nothing() -> None:
    assert marked("Cocoa powder", "hs:8504") == []


def test_common_words_are_told_from_concepts() -> None:
    pieces = highlighted("Delivery to Lagos", (), ("lagos",))
    assert [(piece.text, piece.shared) for piece in pieces] == [("Delivery to ", False), ("Lagos", True)]


@given(st.text(max_size=80), st.sampled_from(["hs:1805", "hs:11", "isic:62"]))
def test_pieces_make_up_the_text_again(text: str, code: str) -> None:
    assert "".join(piece.text for piece in highlighted(text, (code,), ("cocoa", "мука"))) == text
