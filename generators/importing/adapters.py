"""An adapter of peft's joins the model that it was made for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from shutil import copyfile
from typing import Any, Final

from generators.directory import ADAPTER, ADAPTER_CONFIG, WEIGHTS, is_adapter, read_json
from generators.errors import UnknownModel, UnusableModel
from generators.guard import FILE as GUARD
from generators.importing.contents import complete_tokenizer, without_safetensors
from generators.places import CONFIG, Place, found, models_directory, slug
from generators.tensors import tensors_of
from generators.tokenizer_files import PARTS
from generators.training.ancestry import record
from generators.training.publishing import CURVE, write_json

FROM_BASE: Final = ("config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")
OWN: Final = (ADAPTER, "planchette.json", "README.md", CURVE, "LICENSE", GUARD)


def take_adapter(source: Path, target: Path, base: str | None, take: Callable[[Path, Path], object]) -> None:
    """Brings an adapter's files into a directory, with what it needs of its base and the name of that.

    Args:
        base: the name or directory of the model that it was made for; without it, what the adapter itself names.

    Raises:
        UnusableModel: files are missing or damaged, the base is not here, or it is not the one.
    """
    if not (source / ADAPTER).is_file():
        reason = without_safetensors(path.name for path in source.iterdir())
        raise UnusableModel(str(source), reason.replace(WEIGHTS, ADAPTER))
    tensors_of([source / ADAPTER])
    settings = read_json(source, ADAPTER_CONFIG)
    lineage = read_json(source, "planchette.json", required=False)
    place = _base(source, base, settings, lineage)
    for name in OWN:
        if (source / name).is_file():
            take(source / name, target / name)
    for name in FROM_BASE:
        _copy(place.directory / name, target / name)
    if not (target / "tokenizer.json").is_file():
        for name in PARTS:
            _copy(place.directory / name, target / name)
    generation = "generation_config.json"
    _copy((source if (source / generation).is_file() else place.directory) / generation, target / generation)
    complete_tokenizer(target, read_json(target, CONFIG))
    write_json(target / ADAPTER_CONFIG, settings | _where(place))
    fact = {"base": _named(source, place, lineage)}
    write_json(target / "planchette.json", {"description": f"an adapter of {place.name}"} | lineage | fact)


def _base(source: Path, given: str | None, settings: dict[str, Any], lineage: dict[str, Any]) -> Place:
    """The model that an adapter was made for.

    Raises:
        UnusableModel: it is not here.
    """
    stated = settings.get("base_model_name_or_path")
    candidates = [given] if given is not None else [*_of_lineage(lineage), *_of_settings(stated)]
    for candidate in candidates:
        try:
            place = found(candidate)
        except UnknownModel:
            continue
        if is_adapter(place.directory):
            raise UnusableModel(str(source), f"{candidate} is itself an adapter and cannot be its base")
        return place
    if given is not None:
        raise UnknownModel(given)
    named = f" of {stated}" if isinstance(stated, str) and stated else ""
    reason = f"it is an adapter{named}, and that model is not here; import it first, or name it with --base"
    raise UnusableModel(str(source), reason)


def _of_lineage(lineage: dict[str, Any]) -> list[str]:
    base = lineage.get("base")
    if not isinstance(base, dict) or not isinstance(base.get("name"), str):
        return []
    return [f"{base['name']}@{base.get('version')}", base["name"]]


def _of_settings(stated: object) -> list[str]:
    """What peft wrote down: a directory, or a name on the hub, whose last part is the name here."""
    return [stated, slug(stated.rpartition("/")[2])] if isinstance(stated, str) and stated else []


def _named(source: Path, place: Place, lineage: dict[str, Any]) -> dict[str, Any]:
    """The base as planchette.json names it; where it came from, the adapter may know better than the base here.

    Raises:
        UnusableModel: the adapter says that it was made for other weights.
    """
    stated = lineage["base"] if isinstance(lineage.get("base"), dict) else {}
    known = record(place.directory)
    if stated.get("sha256") not in (None, known["sha256"]):
        reason = f"it was made for other weights than those of {place.name}; name its base with --base"
        raise UnusableModel(str(source), reason)
    return known | {field: stated[field] for field in ("command", "sources", "base") if stated.get(field)}


def _where(place: Place) -> dict[str, str]:
    """A base that is on no shelf is found again by its directory."""
    return {} if place.shipped or _is_on_shelf(place) else {"base_model_name_or_path": str(place.directory.resolve())}


def _is_on_shelf(place: Place) -> bool:
    return place.directory.resolve().parent.parent == models_directory().resolve()


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        copyfile(source, target)
