from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from generators.training import Corpus, Document, UnreadableSource, decoding
from generators.training.documents import Documents

Write = Callable[[str, str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return written


def texts(path: Path, documents: Documents | None = None, label_columns: tuple[str, ...] = ()) -> list[str]:
    return [document.text for document in Corpus([path], documents, label_columns)]


@pytest.mark.parametrize(
    ("documents", "content", "expected"),
    [
        (None, "one\ntwo\n\n three \n", ["one", "two", " three "]),
        (None, "one\ntwo", ["one", "two"]),
        (None, "one\r\ntwo\r\n", ["one", "two"]),
        (None, "\ufeffone\n", ["one"]),
        (None, "a\nb\n\nc\n=====DOC=====\n\nd\n", ["a\nb\n\nc", "d"]),
        ("line", "a\n=====DOC=====\nb\n", ["a", "b"]),
        ("blank", "a\nb\n \nc\n\n\nd", ["a\nb", "c", "d"]),
        ("blank", "a\n=====DOC=====\nb\n", ["a", "b"]),
        ("block", "a\nb\n\nc\n", ["a\nb", "c"]),
        ("block", "a\n\nb\n=====DOC=====\nc\n", ["a\n\nb", "c"]),
        ("file", "a\n\nb\n", ["a\n\nb"]),
    ],
)
def test_text(write: Write, documents: Documents | None, content: str, expected: list[str]) -> None:
    """A document of a text file is a line, what stands between blank lines or separators, or the file."""
    path = write("titles.txt", content)

    assert texts(path, documents) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "a.csv",
            'id,text\n1,"two\nlines"\n2,"with ""quotes"", and commas"\n',
            ["two\nlines", 'with "quotes", and commas'],
        ),
        ("a.csv", "id,Text\n1,x\n", ["x"]),
        ("a.tsv", "text\tid\nx, y\t1\n", ["x, y"]),
        ("a.csv", "first\nsecond\n", ["first", "second"]),
        ("a.csv", "text\nfirst\n", ["first"]),
        ("a.CSV", "id,text\n1\n2,kept\n", ["kept"]),
        ("a.csv", "text,n\n" + "x" * 200_000 + ",1\n", ["x" * 200_000]),
    ],
)
def test_table(write: Write, name: str, content: str, expected: list[str]) -> None:
    """A CSV or TSV file gives its column `text`, or its only column from the first line on."""
    assert texts(write(name, content)) == expected


def test_labels(write: Write) -> None:
    """A label column stays with its documents, and the one other column is the text."""
    path = write("posts.csv", "title,place\nhello,a\nbye,b\n")

    assert list(Corpus([path], label_columns=["place"])) == [Document("hello", ("a",)), Document("bye", ("b",))]


def test_json_lines(write: Write) -> None:
    """JSON lines give their `text` and the label's field; half a surrogate pair becomes a replacement character."""
    path = write("a.jsonl", '{"text": "x\\ny", "kind": 1}\n\n{"text": "\\ud800z"}\n')

    assert list(Corpus([path], label_columns=["kind"])) == [Document("x\ny", ("1",)), Document("\ufffdz")]


def test_several_labels(write: Write) -> None:
    """Cells with commas, lists and several columns name several labels, each once; empty cells name none."""
    table = write("a.csv", 'text,genre,place\nx," Action,  Comedy ,",Action\ny,,\nz,"De\u0301but\u200b",a\n')
    objects = write("a.jsonl", '{"text": "x", "genre": ["Action", "Comedy"], "place": null}\n')

    from_table = [document.labels for document in Corpus([table], label_columns=["genre", "place"])]
    from_objects = [document.labels for document in Corpus([objects], label_columns=["genre", "place"])]

    assert from_table == [("Action", "Comedy"), (), ("D\u00e9but", "a")]
    assert from_objects == [("Action", "Comedy")]


def test_odd_marks_are_text(write: Write) -> None:
    """A quotation mark inside a field, or a row over several lines, is nothing to refuse."""
    path = write("a.csv", 'id,text\n1,5" disc\n2,"two\nlines"\n3,"a"b\n')

    assert texts(path) == ['5" disc', "two\nlines", "ab"]


def test_running_text(write: Write) -> None:
    """As one text, files follow one another with their blank lines, separators left out, documents as lines."""
    corpus = Corpus([write("a.txt", "one\n\n=====DOC=====\ntwo"), write("b.csv", "text,n\nthree,1\n")])

    assert "".join(piece.text for piece in corpus.running_text()) == "one\n\ntwo\nthree\n"
    with pytest.raises(UnreadableSource, match="it holds no text"):
        list(Corpus([write("empty.txt", "\n")]).running_text())


def test_several_sources(write: Write) -> None:
    """Sources follow one another, each read by its own format, as often as the corpus is iterated."""
    corpus = Corpus([write("b.txt", "one\n"), write("a.jsonl", '{"text": "two"}')])

    assert [document.text for document in corpus] == ["one", "two"]
    assert [document.text for document in corpus] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", "", "it holds no text"),
        ("a.txt", " \n\n", "it holds no text"),
        ("a.csv", "", "it holds no text"),
        ("a.csv", "id,text\n", "it holds no text"),
        ("a.txt", "ein schöner Tag für Grüße\n".encode() * 2 + b"\xff", "byte 60 is not UTF-8; save the file as UTF-8"),
        ("a.txt", "\ufeffone\n".encode() + b"\xe4", "byte 7 is not UTF-8; save the file as UTF-8"),
        ("a.txt", b"\xff\xfeabc", "it begins as UTF-16 does, and is none; save it as UTF-8"),
        (
            "a.csv",
            b"text\n" + bytes(range(0x80, 0x100)) * 3,
            "byte 5 is not UTF-8, and its encoding cannot be told; save the file as UTF-8",
        ),
        ("a.txt", b"good\nb\0d\n", "byte 6 is NUL, which no text has; save the file as UTF-8 text"),
        ("a.txt", "utf-16\n".encode("utf-16-le"), "byte 1 is NUL, which no text has; save the file as UTF-8 text"),
        ("a.csv", 'id,text\n1,x\n2,"y\n3,z\n4,w\n', "a quotation mark that line 3 opens is never closed"),
        ("a.csv", 'id,text\n2,"y\n3,z', "a quotation mark that line 2 opens is never closed"),
        (
            "a.csv",
            "id,title\n1,x\n",
            "it has no column text; its columns are id, title, and --text-column names one of them",
        ),
        (
            "a.jsonl",
            '{"text": "x"}\n{"title": "y", "id": 1}\n',
            'line 2 is not a JSON object with a "text"; its fields are title, id',
        ),
        ("a.jsonl", "[1]\n", 'line 1 is not a JSON object with a "text"'),
        ("a.jsonl", '{"text": "x"}\n\n{', 'line 3 is not a JSON object with a "text"'),
        ("a.jsonl", '{"text": 3}', 'line 1 is not a JSON object with a "text"'),
    ],
)
def test_unreadable(write: Write, name: str, content: str | bytes, reason: str) -> None:
    """A source that gives no documents is refused with a sentence that names what is wrong."""
    path = write(name, content)

    with pytest.raises(UnreadableSource) as refusal:
        texts(path)

    assert str(refusal.value) == f"{path} cannot be read: {reason}."


def test_missing(tmp_path: Path) -> None:
    """A file that is not there, and a folder, are refused as such."""
    with pytest.raises(UnreadableSource, match="there is no such file"):
        texts(tmp_path / "none.txt")
    with pytest.raises(UnreadableSource, match="it is a folder"):
        texts(tmp_path)


def test_missing_label_column(write: Write) -> None:
    """A label column that a table does not have is refused, with those it has."""
    with pytest.raises(UnreadableSource, match="no column kind; its columns are text, place"):
        texts(write("a.csv", "text,place\nx,y\n"), label_columns=("kind",))


def test_missing_label_field(write: Write) -> None:
    """A field that none of a file's objects has is refused; one that some have is not."""
    path = write("a.jsonl", '{"text": "a", "kind": "x"}\n{"text": "b"}\n')

    assert [document.labels for document in Corpus([path], label_columns=["kind"])] == [("x",), ()]
    with pytest.raises(UnreadableSource, match="none of its objects has a field genre"):
        texts(path, label_columns=("kind", "genre"))


def test_text_is_no_label(write: Write) -> None:
    """The column that is learnt cannot be its own label."""
    with pytest.raises(UnreadableSource, match="cannot be a label"):
        texts(write("a.csv", "text,place\nx,y\n"), label_columns=("text",))


@pytest.mark.parametrize(
    ("text", "written", "told"),
    [
        ("ein schöner Tag für Grüße", "utf-8", "utf-8"),
        ("ein schöner Tag für Grüße", "utf-8-sig", "utf-8-sig"),
        ("ein schöner Tag für Grüße", "utf-16", "utf-16"),
        ("ein schöner Tag für Grüße", "utf-32", "utf-32"),
        ("ein schöner Tag für Grüße", "latin-1", "cp1252"),
        ("“It’s so naïve,” she said — and that’s the café’s best", "cp1252", "cp1252"),
        ("Привет, как дела? Это простой текст о том, как люди живут.", "cp1251", "cp1251"),
        ("Привет, как дела? Это простой текст о том, как люди живут.", "koi8-r", "koi8_r"),
        ("こんにちは世界。これは日本語の文章です。", "shift_jis", "cp932"),
        ("你好世界，这是中文。", "gb18030", "gb18030"),
    ],
)
def test_encodings(write: Write, text: str, written: str, told: str) -> None:
    """The encoding of a file is detected and told, and its lines are the same in each."""
    path = write("a.txt", f"{text}\r\n{text}\n".encode(written))

    assert texts(path) == [text, text]
    assert Corpus([path]).encodings() == {path: told}


def test_late_encoding(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose first byte beyond ASCII stands behind many blocks is decoded as a whole."""
    monkeypatch.setattr(decoding, "BLOCK", 16)
    path = write("a.txt", b"plain words\n" * 50 + "so schön\n".encode("latin-1"))

    assert texts(path)[-2:] == ["plain words", "so schön"]


def test_cut_between_blocks(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A character that lies across two blocks is one, and a file that ends inside one has its place told."""
    monkeypatch.setattr(decoding, "BLOCK", 3)

    assert texts(write("a.txt", "aé€é€\n")) == ["aé€é€"]
    with pytest.raises(UnreadableSource, match="byte 26 is not UTF-8"):
        texts(write("b.txt", ("é€€" * 4).encode()[:-5]))


def test_text_column(write: Write) -> None:
    """The column, or the field, that is learnt can be named; others are kept where they are asked for."""
    table = write("a.csv", 'text,plot,genres\nx,one,"Comedy, Drama"\ny,two,\n')
    objects = write("a.jsonl", '{"plot": "one", "genres": ["Comedy", "Drama"]}\n')

    from_table = list(Corpus([table], text_column="plot", columns=["genres"]))
    from_objects = list(Corpus([objects], text_column="plot", columns=["genres"]))

    assert [document.text for document in from_table] == ["one", "two"]
    assert [document.columns["genres"] for document in from_table] == [("Comedy, Drama", "Comedy", "Drama"), ()]
    assert from_objects == [Document("one", (), {"genres": ("Comedy", "Drama")})]


def test_missing_text_column(write: Write) -> None:
    """A text column that is not there is refused, with those that are."""
    with pytest.raises(UnreadableSource, match="no column story; its columns are id, plot"):
        list(Corpus([write("a.csv", "id,plot\n1,x\n")], text_column="story"))
    with pytest.raises(UnreadableSource, match='with a "story"; its fields are id, plot'):
        list(Corpus([write("a.jsonl", '{"id": 1, "plot": "x"}\n')], text_column="story"))
