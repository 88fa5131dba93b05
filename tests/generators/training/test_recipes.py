from __future__ import annotations

import pytest

from generators.errors import InvalidValue
from generators.training import RECIPES, options, recipe_named
from generators.training.recipes import Recipe, changed


def test_options() -> None:
    """A recipe's options have its own values as their defaults, and a line of help each."""
    offered = {option.name: option for option in options(recipe_named("textgenrnn"))}

    assert offered["epochs"].type is float
    assert offered["batch_size"].type is int
    assert offered["batch_size"].default == recipe_named("textgenrnn").batch_size
    assert all(option.help for option in offered.values())
    assert not {"name", "description", "base"} & set(offered)


def test_changed() -> None:
    """Options are read as they are typed, with hyphens or underscores; the recipe itself stays."""
    recipe = changed(
        recipe_named("textgenrnn"), {"epochs": "3", "batch-size": "8", "filters": "nfc,quotes", "cell": "gru"}
    )

    assert (recipe.epochs, recipe.batch_size, recipe.filters, recipe.cell) == (3.0, 8, ("nfc", "quotes"), "gru")
    assert recipe_named("textgenrnn").cell == "lstm"


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_defaults_are_allowed(recipe: Recipe) -> None:
    """What a recipe starts from could also be typed."""
    typed = {
        option.name: " ".join(map(str, option.default)) if option.type is tuple else str(option.default)
        for option in options(recipe)
    }
    if typed.get("hidden_sizes"):
        del typed["hidden_size"], typed["layers"]  # in whose place it is

    assert changed(recipe, typed) == recipe


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("epochs", "0", "epochs cannot be 0; it has to be a number from 1e-06 to 10,000."),
        ("epochs", "nan", "epochs cannot be nan; it has to be a number from 1e-06 to 10,000."),
        ("batch-size", "2.5", "batch_size cannot be 2.5; it has to be a whole number from 1 to 65,536."),
        ("batch-size", "many", "batch_size cannot be many; it has to be a whole number from 1 to 65,536."),
        ("dropout", "1", "dropout cannot be 1; it has to be a number from 0 to 0.95."),
        ("cell", "rnn", "cell cannot be rnn; it has to be one of lstm, gru."),
    ],
)
def test_refused(name: str, value: str, sentence: str) -> None:
    """A value outside its range is refused with the range."""
    with pytest.raises(InvalidValue) as refusal:
        changed(recipe_named("textgenrnn"), {name: value})

    assert str(refusal.value) == sentence


def test_unknown_names() -> None:
    """A recipe or an option that does not exist is refused with those that do."""
    with pytest.raises(InvalidValue, match="one of textgenrnn, nietzsche"):
        recipe_named("quux")
    with pytest.raises(InvalidValue, match="Did you mean word-lstm"):
        recipe_named("lstm")
    with pytest.raises(InvalidValue, match="`planchette recipes textgenrnn` lists all"):
        changed(recipe_named("textgenrnn"), {"name": "x"})


def test_names_of_textgenrnn() -> None:
    """textgenrnn's names for its options are taken for ours, and its share of the training for what is not held out."""
    recipe = changed(
        recipe_named("textgenrnn"),
        {
            "num_epochs": "3",
            "rnn-layers": "1",
            "rnn_size": "64",
            "rnn_bidirectional": "true",
            "dim_embeddings": "50",
            "max_length": "40",
            "max_gen_length": "200",
            "train_size": "0.8",
        },
    )

    assert (recipe.epochs, recipe.layers, recipe.hidden_size, recipe.bidirectional) == (3.0, 1, 64, True)
    assert (recipe.embedding_size, recipe.window, recipe.max_tokens, recipe.held_out) == (50, 40, 200, 0.2)


def test_layers_of_one_size() -> None:
    """A size or a number of layers takes the place of the sizes that a recipe lists."""
    stack = recipe_named("gru-stack")

    sized, layered = (changed(stack, {name: "3"}) for name in ("rnn_size", "layers"))

    assert (sized.hidden_sizes, sized.layers, sized.hidden_size) == ((), 2, 3)
    assert (layered.hidden_sizes, layered.layers, layered.hidden_size) == ((), 3, 128)
    with pytest.raises(InvalidValue, match="left out where hidden-sizes is given"):
        changed(stack, {"hidden_sizes": "8,8", "layers": "3"})


def test_near_options() -> None:
    """An option that a recipe lacks is refused with those that are called alike, and where all are listed."""
    with pytest.raises(InvalidValue) as refusal:
        changed(recipe_named("gpt2"), {"hidden_dropout": "0.1"})

    assert str(refusal.value) == (
        "The recipe gpt2 has no option hidden_dropout, but --label-dropout, --dropout, --held-out; `planchette recipes "
        "gpt2` lists all."
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"epochs": "3", "num-epochs": "4"}, "num-epochs cannot be 4; it has to be left out where epochs is given"),
        ({"train_size": "0"}, "train_size cannot be 0; it has to be a number from 0.1 to 1."),
        ({"train_size": "all"}, "train_size cannot be all; it has to be a number from 0.1 to 1."),
        ({"hidden_sizes": "8,many"}, "hidden_sizes cannot be many; it has to be a whole number from 1 to 4,096."),
    ],
)
def test_refused_names(values: dict[str, str], sentence: str) -> None:
    """The same option twice, and values outside their range, are refused under the name that was typed."""
    with pytest.raises(InvalidValue) as refusal:
        changed(recipe_named("textgenrnn"), values)

    assert str(refusal.value).startswith(sentence)
