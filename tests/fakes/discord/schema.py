"""Discord's published OpenAPI document, as a check of every request's body."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import extend

from tests.fakes.discord.faults import Json, Refusal

DOCUMENT: Final = Path(__file__).parents[4] / "shared" / "specs" / "discord-openapi.json"
SNOWFLAKE: Final = "#/components/schemas/SnowflakeType"


def kinds(schema: Json) -> list[Any]:
    """The values of `type` that an alternative of a union allows, where it says so."""
    kind = schema.get("properties", {}).get("type", {})
    return kind.get("enum") or ([kind["const"]] if "const" in kind else [])


def union(validator: Any, alternatives: list[Json], instance: Any, schema: Json) -> Iterator[ValidationError]:
    """Errors of the one alternative that is meant, found by `type` or by not being null; else of any.

    Discord's unions differ by their `type`, and trying each in turn would make a message with buttons ten times dearer.
    """
    fitting = [each for each in alternatives if each != {"type": "null"}]
    if isinstance(instance, dict) and "type" in instance:
        typed = [each for each in fitting if instance["type"] in kinds(each)]
        fitting = typed or fitting
    if instance is not None and len(fitting) == 1:
        yield from validator.descend(instance, fitting[0])
    elif not any(validator.evolve(schema=each).is_valid(instance) for each in alternatives):
        yield ValidationError(f"{str(instance)[:200]} is none of the alternatives")


Validator: Final[Any] = extend(Draft202012Validator, {"oneOf": union, "anyOf": union})  # type: ignore[no-untyped-call]


class Schema:
    """The bodies that the document allows, by operation; validators are built when they are first needed."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._known: dict[str, Json] = {}
        self._validators: dict[tuple[str, str], Any] = {}

    def knows(self, method: str, template: str) -> bool:
        """Whether the document has this operation."""
        return method.lower() in self._document["paths"].get(template, {})

    def check(self, method: str, template: str, body: Any) -> None:
        """Refuses a body that the document does not allow.

        Raises:
            Refusal: 50035 with the most telling error.
        """
        key = (method, template)
        if key not in self._validators:
            self._validators[key] = self._validator(method, template)
        validator, required = self._validators[key]
        if validator is None or (body is None and not required):
            return
        error = best_match(validator.iter_errors(body))
        if error is not None:
            path = ".".join(map(str, error.absolute_path)) or "body"
            raise Refusal(400, 50035, f"Invalid Form Body: {path}: {error.message[:300]}", errors={path: error.message})

    def flaws(self, method: str, template: str, answer: Any) -> list[str]:
        """What is wrong with an answer of ours with status 200, by the same document."""
        responses = self._document["paths"][template][method.lower()]["responses"]
        schema = self._resolved((responses.get("200") or responses["201"])["content"]["application/json"]["schema"])
        return [
            f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
            for error in Validator(schema).iter_errors(answer)
        ]

    def _validator(self, method: str, template: str) -> tuple[Any, bool]:
        request = self._document["paths"][template][method.lower()].get("requestBody")
        if request is None:
            return None, False
        schema = self._resolved(request["content"]["application/json"]["schema"])
        return Validator(schema), request.get("required", False)

    def _resolved(self, node: Any) -> Any:
        """The same schema with the target in place of each reference; it may contain itself."""
        if isinstance(node, list):
            return [self._resolved(part) for part in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            return self._target(reference)
        if (choices := constants(node)) is not None:
            return {key: value for key, value in node.items() if key != "oneOf"} | {"enum": choices}
        return {key: self._resolved(value) for key, value in node.items()}

    def _target(self, reference: str) -> Json:
        if reference not in self._known:
            schema: Json = {}
            self._known[reference] = schema
            target: Any = self._document
            for part in reference.removeprefix("#/").split("/"):
                target = target[part]
            schema.update(self._resolved(target))
            if reference == SNOWFLAKE:  # the document says strings; the server reads numbers too, as libraries know
                schema["type"] = ["string", "integer"]
        return self._known[reference]


def constants(node: Json) -> list[Any] | None:
    """The values of an enumeration that is written as alternatives."""
    alternatives = node.get("oneOf")
    if not isinstance(alternatives, list) or not all("const" in each for each in alternatives):
        return None
    return [each["const"] for each in alternatives]


@cache
def published() -> Schema | None:
    """The document's schema, or None where it is not at hand."""
    if not DOCUMENT.is_file():
        return None
    return Schema(json.loads(DOCUMENT.read_text("utf-8")))
