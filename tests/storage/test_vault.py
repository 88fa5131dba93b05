"""The keys that people's text is sealed with."""

from __future__ import annotations

import base64
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.columns import storable
from storage.errors import StorageError
from storage.vault import CannotOpen, UnusableVault, Vault

WORDS = Vault.of("correct horse battery staple")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "planchette" / "vault.key"


@given(st.text(st.characters()), st.text(st.characters()))
def test_round_trip(text: str, about: str) -> None:
    """Any text comes back as a database would keep it, and is not to be seen in what is stored."""
    sealed = WORDS.seal(text, about)

    assert WORDS.unseal(sealed, about) == storable(text)
    assert len(sealed) == 1 + 4 + 12 + len(storable(text).encode()) + 16
    assert len(text) < 4 or text.encode("utf-8", "replace") not in sealed


def test_never_alike() -> None:
    """The same text is sealed differently each time."""
    assert WORDS.seal("hello", "a") != WORDS.seal("hello", "a")


@given(st.integers(0, 36), st.integers(1, 255))
def test_damage(position: int, change: int) -> None:
    """What was changed anywhere, or cut, or is about something else, is not opened."""
    sealed = bytearray(WORDS.seal("hello", "a"))
    sealed[position] ^= change

    for damaged, about in ((bytes(sealed), "a"), (WORDS.seal("hello", "a"), "b"), (WORDS.seal("hello", "a")[:-1], "a")):
        with pytest.raises(CannotOpen, match=r"restore that key"):
            WORDS.unseal(damaged, about)
    for cut in (b"", sealed[:5], sealed[:20]):
        with pytest.raises(CannotOpen):
            WORDS.unseal(bytes(cut), "a")


def test_made_for_the_user_alone(file: Path) -> None:
    """The file is made at first use, and nobody else can read it or see that it is there."""
    vault = Vault.open(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [parent.stat().st_mode & 0o777 for parent in file.parents[:2]] == [0o700, 0o700]
    assert Vault.open(file).unseal(vault.seal("hello", "a"), "a") == "hello"
    assert len(base64.b64decode(file.read_bytes())) == 32


@pytest.mark.parametrize("content", [b"", b"hello\n", b"\xff\xfe\x00", base64.b64encode(bytes(31)), b"aGVsbG8=\n"])
def test_damaged_file(file: Path, content: bytes) -> None:
    """A file that holds no keys is refused in a sentence that names it, and stays as it was."""
    file.parent.mkdir(parents=True)
    file.write_bytes(content)

    with pytest.raises(UnusableVault, match=r"vault\.key, cannot be used: it is damaged") as caught:
        Vault.open(file)

    assert file.read_bytes() == content
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_unusable_file(file: Path) -> None:
    """A file that the system refuses is told in a sentence."""
    file.mkdir(parents=True)

    with pytest.raises(UnusableVault, match="Is a directory"):
        Vault.open(file)


def test_lost_while_open(file: Path) -> None:
    """Nothing is sealed with a key that is gone: it could never be opened again."""
    vault = Vault.open(file)
    file.unlink()

    with pytest.raises(UnusableVault, match="No such file"):
        vault.seal("hello", "a")


@pytest.mark.parametrize("key", ["", " \n", ","])
def test_empty_setting(key: str) -> None:
    """A setting without a key is refused."""
    with pytest.raises(UnusableVault, match=r"vault\.key, cannot be used: it is empty"):
        Vault.of(key)


def test_settings_keys() -> None:
    """The first key of a setting seals, and each of them opens; base64 of 32 bytes is the key itself."""
    secret = base64.b64encode(bytes(range(32))).decode()
    old, new = Vault.of(secret), Vault.of(f"other words, {secret}")

    sealed = old.seal("hello", "a")

    assert new.unseal(sealed, "a") == "hello"
    assert (old.is_current(sealed), new.is_current(sealed)) == (True, False)
    assert (old.rotating, new.rotating) == (False, True)
    with pytest.raises(CannotOpen):
        old.unseal(new.seal("hello", "a"), "a")
    with pytest.raises(StorageError, match="only you can change"):
        old.rotate()


def test_rotation(file: Path) -> None:
    """After a rotation the new key seals and the old one opens, until it is forgotten; the file stays private."""
    vault = Vault.open(file)
    before = vault.seal("hello", "a")

    vault.rotate()

    after = vault.seal("hello", "a")
    assert (vault.is_current(before), vault.is_current(after), vault.rotating) == (False, True, True)
    assert vault.unseal(before, "a") == vault.unseal(after, "a") == "hello"

    vault.forget_old_keys()

    fresh = Vault.open(file)
    assert fresh.unseal(after, "a") == "hello"
    assert not fresh.rotating
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(CannotOpen):
        fresh.unseal(before, "a")


def test_rotation_elsewhere(file: Path) -> None:
    """A vault that is open follows when another process changes the file."""
    here, elsewhere = Vault.open(file), Vault.open(file)

    elsewhere.rotate()
    elsewhere.forget_old_keys()

    assert here.is_current(elsewhere.seal("hello", "a"))
    assert elsewhere.unseal(here.seal("hello", "a"), "a") == "hello"


def test_derived(file: Path) -> None:
    """A derived key is the same each time, differs by purpose, and is another after a rotation."""
    vault = Vault.open(file)
    key = vault.derived("job 1")

    again, other = Vault.open(file).derived("job 1"), vault.derived("job 2")
    vault.rotate()

    assert len(key) == 32
    assert key == again
    assert len({key, other, vault.derived("job 1")}) == 3
