"""What may be asked of `/v1/fine_tuning/jobs`: OpenAI's fields, as far as there is something behind them."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from generators.host.asked import SHOWN, Name
from generators.host.errors import Malformed

MOST_EPOCHS: Final = 1000
SUFFIX: Final = 40  # characters

Epochs: TypeAlias = Literal["auto"] | Annotated[float, Field(gt=0, le=MOST_EPOCHS)]


class Hyperparameters(BaseModel):
    """`hyperparameters`; the others of OpenAI's are the recipe's business here."""

    model_config = ConfigDict(extra="forbid", strict=True)

    n_epochs: Epochs = "auto"
    batch_size: Literal["auto"] = "auto"
    learning_rate_multiplier: Literal["auto"] = "auto"


class Supervised(BaseModel):
    """`method.supervised`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    hyperparameters: Hyperparameters = Hyperparameters()


class Method(BaseModel):
    """`method`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    type: Literal["supervised"] = "supervised"
    supervised: Supervised = Supervised()


class TuningAsked(BaseModel):
    """The body of a request for a job; a field's description ends the sentence «it has to be …»."""

    model_config = ConfigDict(extra="forbid", strict=True)

    model: Name = Field(description="the id of a model that /v1/models lists")
    training_file: Name = Field(description="the id of a file that was uploaded")
    validation_file: None = Field(default=None, description="left out; the last tenth of the text is held out")
    hyperparameters: Hyperparameters | None = Field(
        default=None, description=f"an object with n_epochs, a number up to {MOST_EPOCHS:,}; the rest is the recipe's"
    )
    method: Method | None = Field(default=None, description="supervised, with n_epochs among its hyperparameters")
    suffix: Annotated[str, Field(max_length=SUFFIX)] | None = Field(
        default=None, description=f"a name of at most {SUFFIX} characters"
    )
    seed: int | None = Field(default=None, ge=0, lt=1 << 31, description="a whole number, not below 0")
    metadata: Annotated[dict[str, Annotated[str, Field(max_length=512)]], Field(max_length=16)] | None = Field(
        default=None, description="an object of at most 16 short texts"
    )
    integrations: Annotated[list[Any], Field(max_length=0)] | None = Field(default=None, description="left out")
    compare: Name | None = Field(default=None, description="the id of a model that is measured on the same text")

    @classmethod
    def read(cls, body: bytes) -> TuningAsked:
        """The request in a body.

        Raises:
            Malformed: it is none; the sentence names the field.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as fault:
            first = fault.errors(include_url=False, include_context=False, include_input=False)[0]
        name = str(first["loc"][0])[:SHOWN] if first["loc"] else ""
        if name not in cls.model_fields:
            why = f"There is no field {name}; leave it out." if name else "The body has to be a JSON object."
            raise Malformed(name or None, why)
        if first["type"] == "missing" and len(first["loc"]) == 1:
            raise Malformed(name, f"The field {name} is missing.")
        raise Malformed(name, f"{name} has to be {cls.model_fields[name].description}.")

    @property
    def epochs(self) -> float | None:
        """Passes over the text; None for as many as suit it."""
        given = self.method.supervised.hyperparameters if self.method else self.hyperparameters
        return None if given is None or given.n_epochs == "auto" else float(given.n_epochs)
