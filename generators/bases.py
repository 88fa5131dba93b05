"""The model that an adapter was made for."""

from __future__ import annotations

from pathlib import Path

from generators.directory import ADAPTER_CONFIG, is_adapter, read_json
from generators.errors import UnknownModel, UnusableModel
from generators.places import found
from generators.tensors import weights_digest


def base_of(directory: Path) -> Path:
    """The directory of the model that an adapter was trained on.

    It is looked for by the name and version in planchette.json, by what adapter_config.json says, a name or a
    directory, and by the name alone: the first whose weights have the digest in planchette.json is the one.

    Raises:
        UnusableModel: it is not here, or its weights are others than those.
    """
    named = read_json(directory, "planchette.json", required=False).get("base") or {}
    if not isinstance(named, dict):
        raise UnusableModel(str(directory), "planchette.json is damaged (its base is no object)")
    name, version = named.get("name"), named.get("version")
    stated = read_json(directory, ADAPTER_CONFIG).get("base_model_name_or_path")
    names = [f"{name}@{version}" if name and version else name, stated, name]
    others = None
    for each in dict.fromkeys(each for each in names if each and isinstance(each, str)):
        try:
            base = found(each).directory
        except UnknownModel:
            continue
        _check_kind(directory, base)
        if _is_meant(base, named.get("sha256")):
            return base
        others = others or each
    if others:
        raise UnusableModel(str(directory), f"it is an adapter for other weights than those of {others} here")
    shown = next((each for each in names if each), "without a name")
    raise UnusableModel(str(directory), f"it is an adapter for the model {shown}, which is not here")


def _is_meant(base: Path, digest: object) -> bool:
    """Whether a base's weights are those with this SHA-256, if one is known."""
    return not digest or weights_digest(base) == digest


def _check_kind(directory: Path, base: Path) -> None:
    if is_adapter(base):
        raise UnusableModel(str(directory), f"its base {base.name} is itself an adapter; merge that one first")
    kind = read_json(base, "config.json").get("model_type")
    if kind != "gpt2":
        raise UnusableModel(str(directory), f"it is an adapter for another kind of model than its base, a {kind}")
