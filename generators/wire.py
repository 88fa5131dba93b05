"""Events, models and errors as JSON, for a host and whoever asks it: what the OpenAI API has no field for.

Numbers survive exactly; what can be left out because it is the ordinary case is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from string import Formatter
from typing import Any, Final, TypeAlias

from generators.completion import Alternative, Event, Finished, ModelInfo, Piece, Sampling, Started, Unit
from generators.errors import (
    Busy,
    InvalidValue,
    MissingExtra,
    Phrase,
    ShuttingDown,
    UnknownModel,
    Unsupported,
    UnusableModel,
    UserError,
)

Json: TypeAlias = dict[str, Any]

FIELD: Final = "planchette"  # of models and errors: what is ours in them
FAILED: Final = "model_failed"  # code of a fault that nobody who asks can mend
CODES: Final[Mapping[str, type[UserError]]] = {
    "busy": Busy,
    "invalid_value": InvalidValue,
    "missing_extra": MissingExtra,
    "shutting_down": ShuttingDown,
    "unknown_model": UnknownModel,
    "unsupported": Unsupported,
    "unusable_model": UnusableModel,
}
_CODE_OF: Final = {kind: code for code, kind in CODES.items()}


def event_to_json(event: Event) -> Json:
    """An event as an object whose `type` is `started`, `piece` or `finished`."""
    match event:
        case Started():
            return {"type": "started", **event._asdict()}
        case Finished():
            return {"type": "finished", **event._asdict()}
        case Piece():
            return _piece_to_json(event)


def event_from_json(told: Json) -> Event | None:
    """The event that `event_to_json` told; None for a kind that this version does not know.

    What a newer version tells besides is passed over.

    Raises:
        KeyError, TypeError, ValueError: it is none.
    """
    match told["type"]:
        case "started":
            values = {name: told[name] for name in Started._fields if name in told}
            return Started(**{**values, "prompt": tuple(values["prompt"])})
        case "finished":
            return Finished(**{name: told[name] for name in Finished._fields})
        case "piece":
            return _piece_from_json(told)
        case str():
            return None
        case other:
            raise ValueError(f"no event is called {other}")


def _piece_to_json(piece: Piece) -> Json:
    told: Json = {
        "type": "piece",
        "choice": piece.choice,
        "token_ids": piece.token_ids,
        "text": piece.text,
        "logprob": number(piece.logprob),
    }
    if piece.bytes != piece.text.encode():
        told["bytes"] = piece.bytes.hex()
    if piece.alternatives:
        told["alternatives"] = [[ids, text, number(p), end] for ids, text, p, end in piece.alternatives]
    if not piece.exact:
        told["exact"] = False
    return told


def _piece_from_json(told: Json) -> Piece:
    data = told.get("bytes")
    return Piece(
        told["choice"],
        tuple(told["token_ids"]),
        told["text"].encode() if data is None else bytes.fromhex(data),
        told["text"],
        logprob(told["logprob"]),
        tuple([Alternative(tuple(ids), text, logprob(p), end) for ids, text, p, end in told.get("alternatives", ())]),
        told.get("exact", True),
    )


def number(logprob: float) -> float | None:
    """A log probability as JSON has it: that of the impossible is null."""
    return logprob if math.isfinite(logprob) else None


def logprob(number: float | None) -> float:
    """The log probability that `number` told."""
    return -math.inf if number is None else float(number)


def info_to_json(info: ModelInfo) -> Json:
    """A model's facts, but for its name."""
    told = asdict(info) | {"units": sorted(info.units)}
    del told["name"]
    return told


def info_from_json(name: str, told: Json) -> ModelInfo:
    """The model of that name; facts that this version does not know are passed over, and an older one's may be fewer.

    Raises:
        KeyError, TypeError, ValueError, InvalidValue: they are no model's facts.
    """
    values = _known(ModelInfo, told)
    sampling = _known(Sampling, values.get("sampling", {}))
    if "temperature" in sampling:
        sampling["temperature"] = tuple(sampling["temperature"])
    return ModelInfo(
        **{
            **values,
            "name": name,
            "labels": tuple(values.get("labels", ())),
            "units": frozenset(unit for unit in Unit if unit.value in values["units"]),
            "sampling": Sampling(**sampling),
        }
    )


def _known(kind: type[Any], told: Json) -> Json:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in told.items() if name in names}


def error_to_json(fault: UserError) -> Json:
    """A fault in OpenAI's form: the English sentence, and the facts from which it can be said in another language."""
    code = _CODE_OF.get(type(fault))
    error: Json = {
        "message": str(fault),
        "type": "server_error" if isinstance(fault, Busy | ShuttingDown | UnusableModel) else "invalid_request_error",
        "param": fault.name if isinstance(fault, InvalidValue) else None,
        "code": code,
    }
    if code is not None:
        error[FIELD] = {name: _plain(value) for name, value in fault.__dict__.items()}
    return {"error": error}


def error_from_json(error: Json) -> UserError | None:
    """The fault that `error_to_json` told; None where it is another's error."""
    kind, facts = CODES.get(str(error.get("code"))), error.get(FIELD)
    if kind is None or not isinstance(facts, dict):
        return None
    try:
        return kind(**{name: _fact(value) for name, value in facts.items()})
    except (TypeError, ValueError):  # of another version
        return None


def _plain(value: object) -> object:
    if isinstance(value, Phrase):
        return {"phrase": value.text, "facts": {name: _plain(fact) for name, fact in value.facts.items()}}
    if isinstance(value, float) and not math.isfinite(value):  # JSON has neither NaN nor infinity
        return str(value)
    return value if isinstance(value, str | int | float | bool | list | None) else str(value)


def _fact(value: object) -> object:
    """A fact that `_plain` told."""
    if not isinstance(value, dict):
        return value
    text, facts = str(value.get("phrase")), value.get("facts")
    if not isinstance(facts, dict) or not all(isinstance(fact, str | int | float | None) for fact in facts.values()):
        return text
    for _, name, form, conversion in Formatter().parse(text):
        known = name is None or (name in facts and conversion is None)
        plain = not form or (form == "," and isinstance(facts.get(name), int | float))
        if not (known and plain):  # it could reach into an object, or ask for a gigabyte of blanks
            return text
    return Phrase(text, **facts)
