"""Models from elsewhere, as Python brings them in."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.numpy import load_file, save_file

from generators.errors import InvalidValue
from generators.importing import CannotImport, NoSource, archives, import_model
from generators.importing.contents import is_model_file
from tests.generators.charrnn.conftest import save_model


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return save_model(tmp_path / "Old model.v2")


@pytest.fixture
def models(home: Path) -> Path:
    return home / "models"


def refusal(source: Path | str, models: Path, **more: str) -> str:
    """The reason for which something is not imported; nothing may be left of it."""
    with pytest.raises(CannotImport) as refused:
        import_model(source, models, **more)
    assert refused.value.source == str(source)
    assert ".importing" not in str(refused.value)
    assert not list(models.glob("*"))
    return refused.value.reason


def test_directory(source: Path, models: Path) -> None:
    """A directory becomes NAME/VERSION, and only files of a model come along."""
    (source / "optimizer.pt").write_bytes(b"a pickle")
    (source / "modeling.py").write_text("raise SystemExit", "utf-8")

    imported = import_model(source, models)

    assert (imported.name, imported.tried) == ("old-model.v2", True)
    assert imported.directory == models / "old-model.v2" / imported.version
    assert {path.name for path in imported.directory.iterdir()} == {
        "config.json",
        "model.safetensors",
        "planchette.json",
        "tokenizer.json",
    }
    assert [path.name for path in models.iterdir()] == ["old-model.v2"]
    assert json.loads((imported.directory / "planchette.json").read_text("utf-8"))["version"] == imported.version


def test_name_is_checked_first(source: Path, models: Path) -> None:
    """A name that cannot be is refused before anything is read."""
    with pytest.raises(InvalidValue):
        import_model(source, models, name="No Name")

    assert not models.exists()


def test_no_source(models: Path, tmp_path: Path) -> None:
    """Something that is no directory and no archive is told what can be."""
    (tmp_path / "model.safetensors").touch()

    for source in ("nowhere", tmp_path / "model.safetensors"):
        with pytest.raises(NoSource):
            import_model(source, models)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x80\x04\x95a pickle", "is a pickle under another name"),
        (b"PK\x03\x04a pickle of torch", "is a pickle under another name"),
        (b"\x89HDF\r\n\x1a\n", "is an HDF5 file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "`git lfs pull` fetches it"),
        (b"", "model.safetensors is damaged"),
    ],
)
def test_other_files_of_that_name(source: Path, models: Path, content: bytes, reason: str) -> None:
    """A file of another kind that was given the name of safetensors is called what it is."""
    (source / "model.safetensors").write_bytes(content)

    assert reason in refusal(source, models)


def test_truncated(source: Path, models: Path) -> None:
    """Weights that end too early are refused."""
    whole = (source / "model.safetensors").read_bytes()
    (source / "model.safetensors").write_bytes(whole[:-7])

    assert "model.safetensors is damaged" in refusal(source, models)


@pytest.mark.parametrize("field", [{"auto_map": {"AutoConfig": "evil.Config"}}, {"trust_remote_code": True}])
def test_code_to_run(source: Path, models: Path, field: dict[str, object]) -> None:
    """A config that names code to run is refused."""
    config = json.loads((source / "config.json").read_text("utf-8"))
    (source / "config.json").write_text(json.dumps(config | field), "utf-8")

    named = f"its config.json names code to run ({next(iter(field))}), and code from elsewhere is never run"
    assert refusal(source, models) == named


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "tf_model.h5", "model.ckpt.index", "pytorch_model-00001-of-00002.bin"]
)
def test_other_formats(source: Path, models: Path, name: str) -> None:
    """Weights in another format are named, with what converts them."""
    (source / "model.safetensors").rename(source / name)

    assert refusal(source, models).startswith(f"its weights are in {name} and only safetensors are read; transformers")


def test_shards_are_wanted(source: Path, models: Path) -> None:
    """Every file that an index names has to be there, and beside it."""
    (source / "model.safetensors").rename(source / "model-00001-of-00002.safetensors")
    index = source / "model.safetensors.index.json"

    index.write_text(
        '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}'
    )
    assert "model-00002-of-00002.safetensors" in refusal(source, models)

    index.write_text('{"weight_map": {"a": "../model-00001-of-00002.safetensors"}}')
    assert "model.safetensors.index.json" in refusal(source, models)


def test_no_tokenizer(source: Path, models: Path) -> None:
    """A model without tokenizer.json is told how it gets one."""
    (source / "tokenizer.json").unlink()

    assert refusal(source, models).startswith("it holds no tokenizer.json; AutoTokenizer")


def test_interrupted(source: Path, models: Path) -> None:
    """After Ctrl-C in the middle nothing is left, and the next import takes away what a kill has left."""

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    (models / ".importing-999999999-x" / "half").mkdir(parents=True)

    with pytest.raises(KeyboardInterrupt):
        import_model(source, models, tell=interrupt)

    assert not list(models.iterdir())


def test_base_is_for_adapters(source: Path, models: Path) -> None:
    """A whole model has no base."""
    assert refusal(source, models, base="charrnn") == "it is a whole model, and --base is for adapters"


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, *members: tarfile.TarInfo, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", size: int = 0) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.size = kind, link, size
    return made


@pytest.mark.parametrize("folder", ["", "inside/"])
def test_zip(source: Path, models: Path, tmp_path: Path, folder: str) -> None:
    """The model of an archive lies at its root or one folder down."""
    files = {f"{folder}{path.name}": path.read_bytes() for path in source.iterdir()}

    imported = import_model(zipped(tmp_path / "Packed.zip", files), models)

    assert imported.name == "packed"
    assert (imported.directory / "model.safetensors").read_bytes() == (source / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    "name", ["../config.json", "/etc/config.json", "a/../../config.json", "C:config.json", "..\\x"]
)
def test_ways_out(models: Path, tmp_path: Path, name: str) -> None:
    """An archive whose paths lead out of it is refused, as zip and as tar."""
    for archive in (zipped(tmp_path / "a.zip", {name: b"{}"}), tarred(tmp_path / "a.tar", entry(name))):
        assert "leads out of it" in refusal(archive, models)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links(models: Path, tmp_path: Path, kind: bytes) -> None:
    """An archive with links or devices is refused."""
    archive = tarred(tmp_path / "a.tar.gz", entry("config.json", kind, "/etc/passwd"), mode="w:gz")

    assert "a link or a device (config.json)" in refusal(archive, models)


def test_link_in_a_zip(models: Path, tmp_path: Path) -> None:
    """A zip keeps links in the mode of a file, and is refused for them alike."""
    info = zipfile.ZipInfo("config.json")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")

    assert "a link or a device (config.json)" in refusal(tmp_path / "a.zip", models)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b"no archive"),
        lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
        lambda path: path.write_bytes(b""),
    ],
)
@pytest.mark.parametrize("suffix", ["zip", "tar", "tar.gz", "tar.xz"])
def test_damaged_archive(
    source: Path, models: Path, tmp_path: Path, suffix: str, damage: Callable[[Path], object]
) -> None:
    """An archive that is damaged or cut short is refused."""
    kinds = {"zip": "zip", "tar": "tar", "tar.gz": "gztar", "tar.xz": "xztar"}
    archive = Path(shutil.make_archive(str(tmp_path / "made"), kinds[suffix], source))

    damage(archive)

    assert "the archive is damaged" in refusal(archive, models)


def test_bomb(tmp_path: Path) -> None:
    """An archive that would fill the disk is refused before its files are written."""
    archive = tarred(tmp_path / "a.tar.xz", entry("config.json", size=2 << 20), mode="w:xz")
    target = tmp_path / "target"
    target.mkdir()

    with pytest.raises(CannotImport, match="it holds more than"):
        archives.unpack(archive, target, is_model_file, limit=1 << 20)

    assert not list(target.iterdir())


def test_archive_without_a_model(models: Path, tmp_path: Path) -> None:
    """An archive of something else says so, and one of several models asks for one."""
    assert "it holds no config.json" in refusal(zipped(tmp_path / "a.zip", {"a/b/config.json": b"{}"}), models)
    assert "it holds 2 models" in refusal(
        zipped(tmp_path / "b.zip", {"a/config.json": b"{}", "b/config.json": b"{}"}), models
    )


def test_double_file(models: Path, tmp_path: Path) -> None:
    """Two files of one name would leave it to chance which counts."""
    archive = tarred(tmp_path / "a.tar", entry("config.json"), entry("./config.json"))

    assert refusal(archive, models) == "it holds two files of the same name"


def test_weights_that_do_not_fit(source: Path, models: Path) -> None:
    """What does not load is refused with the reason."""
    tensors = load_file(source / "model.safetensors")
    save_file({name: one for name, one in tensors.items() if name != "attention.weight"}, source / "model.safetensors")

    assert "attention.weight" in refusal(source, models)
