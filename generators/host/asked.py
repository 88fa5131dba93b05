"""What may be asked of `/v1/completions`: OpenAI's fields, and ours beside them."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generators.completion import MOST_STOPS, CompletionRequest, Priority, Unit
from generators.errors import InvalidValue
from generators.host.errors import Malformed

WHOLE: Final = -1  # logprobs: the whole vocabulary
LONGEST_PROMPT: Final = 100_000  # characters, or token ids; five times what a person may write
LONGEST_NAME: Final = 200  # characters of a model's or a label's name
SHOWN: Final = 80  # characters of what was wrong that the sentence repeats

# A list ends at its first mistake: a million of them would take the event loop ten seconds and three gigabytes to tell.
Text: TypeAlias = Annotated[str, Field(max_length=LONGEST_PROMPT)]
Name: TypeAlias = Annotated[str, Field(max_length=LONGEST_NAME)]
TokenIds: TypeAlias = Annotated[list[int], Field(max_length=LONGEST_PROMPT, fail_fast=True)]
Texts: TypeAlias = Annotated[list[Text], Field(fail_fast=True)]  # of which one is taken
ManyTokenIds: TypeAlias = Annotated[list[TokenIds], Field(fail_fast=True)]  # likewise
Prompt: TypeAlias = Text | TokenIds | Texts | ManyTokenIds
Temperatures: TypeAlias = Annotated[list[float], Field(fail_fast=True)]
Stops: TypeAlias = Annotated[list[str], Field(max_length=MOST_STOPS, fail_fast=True)]


class StreamOptions(BaseModel):
    """`stream_options`."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class Asked(BaseModel):
    """The body of a request; a field's description ends the sentence «it has to be …».

    The second group is ours. Of the third, only the values that change nothing are taken.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Name = Field(description="the id of a model that /v1/models lists")
    prompt: Prompt | None = Field(
        default=None,
        description=f"one text of at most {LONGEST_PROMPT:,} characters, or one list of at most as many token ids",
    )
    max_tokens: int | None = Field(default=None, description="a whole number")
    n: int | None = Field(default=None, description="a whole number")
    temperature: float | Temperatures | None = Field(default=None, description="a number, or a list of numbers")
    top_p: float | None = Field(default=None, description="a number")
    logprobs: int | None = Field(default=None, ge=WHOLE, description="a whole number, -1 for the whole vocabulary")
    echo: bool | None = Field(default=None, description="true or false")
    stop: str | Stops | None = Field(default=None, description=f"a text, or a list of at most {MOST_STOPS} texts")
    seed: int | None = Field(default=None, description="a whole number")
    stream: bool | None = Field(default=None, description="true or false")
    stream_options: StreamOptions | None = Field(default=None, description="an object such as {'include_usage': true}")
    user: str | None = Field(default=None, description="a text")

    top_k: int | None = Field(default=None, description="a whole number")
    repetition_penalty: float | None = Field(default=None, description="a number")
    min_tokens: int | None = Field(default=None, description="a whole number")
    unit: Unit | None = Field(default=None, description="token, word or sentence")
    after_unit: bool = Field(default=False, description="true or false")
    label: Name | None = Field(default=None, description="one of the model's labels")
    echo_from: int = Field(default=0, description="a whole number")
    priority: Priority = Field(default=Priority.TEXT, description="0, 1 or 2")
    deadline: float | None = Field(default=None, description="a number of seconds")
    drawn: int = Field(default=0, description="a whole number")
    first_choice: int = Field(default=0, description="a whole number")
    events: bool = Field(default=False, description="true or false")

    best_of: int | None = Field(default=None, description="left out, or as large as n")
    suffix: None = Field(default=None, description="left out, because nothing is written before a text here")
    presence_penalty: float | None = Field(default=None, ge=0, le=0, description="0; repetition_penalty is there")
    frequency_penalty: float | None = Field(default=None, ge=0, le=0, description="0; repetition_penalty is there")
    logit_bias: Annotated[dict[str, float], Field(max_length=0)] | None = Field(default=None, description="empty")

    @classmethod
    def read(cls, body: bytes) -> Asked:
        """The request in a body.

        Raises:
            UserError: it is none; the sentence names the field.
        """
        try:
            asked = cls.model_validate_json(body)
        except ValidationError as fault:
            raise _explained(fault) from fault
        if asked.best_of is not None and asked.best_of != (asked.n or 1):
            raise InvalidValue("best_of", asked.best_of, cls._allowed("best_of"))
        return asked

    @property
    def request(self) -> CompletionRequest:
        """The same for a generator.

        Raises:
            InvalidValue: a value that no model takes.
        """
        return CompletionRequest(
            prompt=self._prompt(),
            model=self.model,
            max_tokens=self.max_tokens,
            min_tokens=self.min_tokens,
            n=1 if self.n is None else self.n,
            temperature=tuple(self.temperature) if isinstance(self.temperature, list) else self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            repetition_penalty=self.repetition_penalty,
            seed=self.seed,
            stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ()),
            logprobs=None if self.logprobs == WHOLE else self.logprobs or 0,
            echo=bool(self.echo),
            echo_from=self.echo_from,
            unit=self.unit,
            after_unit=self.after_unit,
            label=self.label,
            user=self.user or "",
            priority=self.priority,
            deadline=self.deadline,
            drawn=self.drawn,
            first_choice=self.first_choice,
        )

    def _prompt(self) -> str | tuple[int, ...]:
        prompt = self.prompt
        if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int):
            if len(prompt) > 1:
                raise InvalidValue("prompt", f"a list of {len(prompt)}", "one text, or one list of token ids")
            prompt = prompt[0]
        return "" if prompt is None else prompt if isinstance(prompt, str) else tuple(map(_token, prompt))

    @classmethod
    def _allowed(cls, name: str) -> str:
        return cls.model_fields[name].description or "another value"


def _token(value: Any) -> int:
    if not isinstance(value, int):
        raise InvalidValue("prompt", value, "one text, or one list of token ids")
    return value


def _explained(fault: ValidationError) -> InvalidValue | Malformed:
    """The first thing that is wrong."""
    first = fault.errors(include_url=False, include_context=False)[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    if name not in Asked.model_fields:
        if first["type"] == "extra_forbidden":
            name = name[:SHOWN]
            return Malformed(name, f"There is no field {name} in this version of the host; leave it out.")
        return Malformed(None, "The body has to be a JSON object.")
    if first["type"] == "missing":
        return Malformed(name, f"The field {name} is missing.")
    return InvalidValue(name, repr(first["input"])[:SHOWN], Asked._allowed(name))
