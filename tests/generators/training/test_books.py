"""Preparing books: quotation marks, transcribers' marks, tales and chapters."""

from __future__ import annotations

import pytest

from generators.training.books import transcribed
from generators.training.chapters import stories
from generators.training.quotation import straight

PARAGRAPH = "There was once a queen who had a garden, and in the garden stood a tree. "
CHAPTER = "\n\n".join([PARAGRAPH.strip() * 60] * 3)
FREMD = "Es war einmal eine Königin, die hatte einen Garten, und darin stand ein Baum. "
KAPITEL = "\n\n".join([FREMD.strip() * 60] * 3)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            "‘Go!’ said he. ‘It’s late, lads.’ ‘Don’t,’ said they.",
            '"Go!" said he. "It\'s late, lads." "Don\'t," said they.',
        ),
        ("'He said \"No,\" sir.' 'Go on.' 'Well?'", '"He said \'No,\' sir." "Go on." "Well?"'),
        (
            "'The dogs' tails,' he said. 'O' course. Goin' home?' 'Ay.'",
            '"The dogs\' tails," he said. "O\' course. Goin\' home?" "Ay."',
        ),
        ("'Tis true, and 'tis a pity.", "'Tis true, and 'tis a pity."),
        ("“It’s ‘so’,” she said. ‘Never,’ he said.", "\"It's 'so',\" she said. 'Never,' he said."),
        ("»So?« fragte er. „Ja.“", '"So?" fragte er. "Ja."'),
        ("« Eh ! bien, dit-il, « l'Aéro » part. »", '"Eh ! bien, dit-il, "l\'Aéro" part."'),
        ('他说道：「好。」她说："来"，『去』。', "他说道：“好。”她说：“来”，‘去’。"),
    ],
)
def test_straight(before: str, expected: str) -> None:
    """Dialogue is in straight double marks, whatever it was in, apostrophes stay, and Chinese keeps its own."""
    assert straight(before) == expected
    assert straight(expected) == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("It was _very_ old, =so= old.", "It was very old, so old."),
        ("He came.[12]\n\n[Illustration: A cat]\n\n* * *\n\nHe went.*", "He came.\n\nHe went."),
        ("|GET there they did--at last . . . and…", "GET there they did—at last... and..."),
        ("They were happy.\n\nTHE END.", "They were happy."),
        ("—¡No!\n\n-Y bien, dijo.\n\nFin de la primera parte", "—¡No!\n\n—Y bien, dijo."),
        ("I lived close to the coast of the\nsea and was one of\nmany.\n\nA\nb", None),
        (
            "what do you like? tell me, will you\nwell, you know, films\nyes, me too\nwhich",
            "what do you like? tell me, will you\nwell, you know, films\nyes, me too\nwhich",
        ),
        ("Roses are red\nViolets are blue", "Roses are red\nViolets are blue"),
        ("Hi! Do you like films?\nYes.\nWhich?\nAll of them", "Hi! Do you like films?\nYes.\nWhich?\nAll of them"),
    ],
)
def test_transcribed(before: str, expected: str | None) -> None:
    """Marks that are none of the author's go, and lines of a paragraph are joined, but not verses and turns."""
    joined = "I lived close to the coast of the sea and was one of many.\n\nA\nb"

    assert transcribed(before) == (joined if expected is None else expected)


@pytest.mark.parametrize("ending", ["And that was the end.", "Y llegó el fin.", "Ein gutes Ende."])
def test_ending_sentences(ending: str) -> None:
    """«The End» goes where it stands alone, and stays where it ends a sentence."""
    assert transcribed(f"Once there was a king.\n\n{ending}").endswith(ending)
    assert transcribed(f"Once there was a king. {ending}\n\nTHE END").endswith(ending)


def test_long_headings() -> None:
    """A long line that begins like a heading and has nothing after its number is no heading."""
    line = "Chapter twenty-" + "x" * 80

    assert line in stories(f"{line}\n\nOnce there was a king.")[0]


def test_lines() -> None:
    """Paragraphs that were a line each, and lines that were wrapped by hand, become paragraphs with blank lines."""
    long = "Она шла по дороге и думала о том, что было вчера, и о том, что будет завтра. " * 3
    wrapped = "\n".join(["She went along the road and thought of what had been yesterday and of it."] * 4 + ["So."])

    assert transcribed("\n".join([long.strip()] * 30)) == "\n\n".join([long.strip()] * 30)
    assert transcribed("\n".join([wrapped] * 20)).count("\n\n") == 19


def test_russian_notes() -> None:
    """Footnotes at the end of a Russian text go, and what hung on them."""
    story = "Он жил один, и это называется la femme 1. Прошло 12 лет. " * 20

    assert transcribed(f"{story}\n1\nженщина (франц.).") == story.replace("femme 1.", "femme.").strip()


@pytest.mark.parametrize(
    "headings",
    [
        ("Erstes Kapitel", "Der fremde Jüngling", "3"),
        ("Das erste Abenteuer", "Kapitel 2", "- III -"),
        ("CHAPITRE I -- VÉRONIQUE", "Chapitre 2\n\nL'HOMME MYSTÉRIEUX", "Première partie"),
        (
            "Capítulo XV. Donde se cuenta la desgraciada aventura que se topó don Quijote en el camino",
            "Segunda parte",
            "II",
        ),
        ("Глава первая", "ГЛАВА II", "Часть третья"),
        ("Erstes Buch: Theoderich", "THREE — The Duel", "12 The Robber"),
    ],
)
def test_headings(headings: tuple[str, str, str]) -> None:
    """A book is divided at the headings of its language, and none of them stays."""
    book = "\n\n".join(f"{heading}\n\n{KAPITEL}" for heading in headings)

    assert stories(book) == [KAPITEL] * 3


def test_front_and_back() -> None:
    """Prefaces, notes and contents are no stories, and what stands at a story's end without a point goes."""
    book = (
        f"A BOOK\n\nPREFACE\n\n{PARAGRAPH * 10}\n\nCONTENTS\n\nThe Cat\n\nThe Dog\n\n"
        f"THE CAT\n\n{CHAPTER}\n\nTHE\nDOG\n\n{CHAPTER}\n\nA List of Books\n\nNOTES\n\n{PARAGRAPH * 10}"
    )

    assert stories(book) == [CHAPTER, CHAPTER]


def test_pages() -> None:
    """Numbers of pages divide nothing, and a sentence goes on over them."""
    half = "There was once a queen who had a garden with a tree in it that was older than the hills and"
    book = "\n\n".join(f"{CHAPTER[:2000]}.\n\n{half}\n\n{number}\n\nhigher than they." for number in range(3, 60, 3))

    assert f"{half} higher than they." in stories(book)[0]
    assert len(stories(book)) == 1


def test_shorter() -> None:
    """A short text loses title, author and the numbers of its parts; a conversation and a line stay."""
    story = PARAGRAPH.strip() * 10

    assert stories(f"Антон Чехов\n\nБЕДА\n\n{story}\n\nII\n\n{story}") == [f"{story}\n\n{story}"]
    assert stories("Hello there\nHi! How are you?\nFine.") == ["Hello there\nHi! How are you?\nFine."]
    assert stories("A cat sees the moon") == ["A cat sees the moon"]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("WHEN Tom awoke", "When Tom awoke"),
        ("SO PASSED the gentle", "So passed the gentle"),
        ("MRS. RACHEL LYNDE lived", "Mrs. Rachel Lynde lived"),
        ('Do you know," said Anne, "that', '"Do you know," said Anne, "that'),
        ("I am", "I am"),
    ],
)
def test_begun(before: str, expected: str) -> None:
    """A story's first words are in small letters as the rest, and its first speech is opened."""
    rest = f" it was late. Nobody knew what Rachel Lynde or Lynde's cat thought. {PARAGRAPH * 6}".rstrip()

    assert stories(before + rest) == [expected + rest]
