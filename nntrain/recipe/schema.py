"""The recipe's schema: every key with its type, range, default and help."""

from typing import Annotated, Any

from pydantic import Field, ValidationError

from nntrain.activations import Activation
from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import ReLU
from nntrain.data import Source
from nntrain.errors import refuse
from nntrain.initializers import Initializer
from nntrain.initializers.fixed import Zeros
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.adam import Adam
from nntrain.recipe.document import Document
from nntrain.recipe.problems import MOST_SHOWN, position, problems_of
from nntrain.registry import Choice, Strict
from nntrain.schedules import Schedule
from nntrain.schedules.decay import Constant
from nntrain.training.settings import Regularization, Training

Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=1_000_000)]


class Data(Strict):
    """Where the rows come from, and how they are parted and scaled."""

    source: Annotated[Source, Choice(), Field(description="a data set by name, or a CSV file of your own")]
    validation: Annotated[Share, Field(description="share of the rows that measures progress")] = 0.15
    test: Annotated[Share, Field(description="share of the rows that is kept for the end")] = 0.15
    test_seed: Annotated[
        int | None,
        Field(ge=0, lt=2**32, description="of the test part, and of rows that are drawn; null: the recipe's seed"),
    ] = None
    stratify: Annotated[bool, Field(description="whether each part has the same share of each class")] = True
    standardize: Annotated[
        bool, Field(description="whether features get mean 0 and deviation 1, as measured on the training part")
    ] = True
    standardize_target: Annotated[bool, Field(description="whether targets do, in regression")] = False


class Layer(Strict):
    """A hidden layer with settings of its own; null: those of all layers."""

    units: Annotated[Width, Field(description="how many units")]
    activation: Annotated[Annotated[Activation, Choice()] | None, Field(description="of this layer")] = None
    initializer: Annotated[Annotated[Initializer, Choice()] | None, Field(description="of its weights")] = None
    bias_initializer: Annotated[Annotated[Initializer, Choice()] | None, Field(description="of its biases")] = None
    dropout: Annotated[Share | None, Field(description="share of its units that a training step drops")] = None
    norm: Annotated[Annotated[Norm, Choice("batch")] | None, Field(description="of its pre-activations")] = None


class Model(Strict):
    """The network: dense layers, from the features to an output a target or class."""

    hidden: Annotated[
        list[Width | Layer],
        Field(description="each hidden layer: its units, or units and settings; [] for a linear model"),
    ] = Field(default_factory=lambda: list[Width | Layer]([64, 32]))
    activation: Annotated[Activation, Choice(), Field(description="of the hidden layers")] = ReLU()
    dropout: Annotated[Share, Field(description="share of each hidden layer's units that a training step drops")] = 0.0
    norm: Annotated[
        Annotated[Norm, Choice("batch")] | None,
        Field(description="of the hidden layers' pre-activations: batch, or null for none"),
    ] = None
    output: Annotated[Activation, Choice(), Field(description="of the output layer")] = Identity()
    initializer: Annotated[
        Annotated[Initializer, Choice()] | None,
        Field(description="of the weights; null: he_uniform before rectifiers, glorot_uniform before all else"),
    ] = None
    bias_initializer: Annotated[Initializer, Choice(), Field(description="of the biases")] = Zeros()
    learn_biases: Annotated[bool, Field(description="whether biases are learnt, or stay as they are at first")] = True


class Recipe(Strict):
    """A run: data, model, loss, optimizer, schedule, training and seed. Only the data have no default."""

    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=100)] | None, Field(description="null: the file's name")
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32, description="all that is random derives from it")] = 0
    data: Annotated[Data, Field(description="where the rows come from, as in data: {source: digits}")]
    model: Model = Model()
    loss: Annotated[
        Annotated[Loss, Choice()] | None, Field(description="null: cross_entropy for classes, mse for numbers")
    ] = None
    optimizer: Annotated[Optimizer, Choice("adam"), Field(description="how gradients become steps")] = Adam()
    schedule: Annotated[Schedule, Choice("constant"), Field(description="how the learning rate changes with time")] = (
        Constant()
    )
    regularization: Annotated[
        Regularization, Field(description="penalties, weight decay and clipping; none by default")
    ] = Regularization()
    training: Annotated[Training, Field(description="how long, in which batches, when to stop")] = Training()


def parse(document: Document) -> Recipe:
    """Return the recipe that ``document`` holds.

    Raises:
        InputError: with all that is wrong in it.
    """
    problems = document.problems
    try:
        recipe = Recipe.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, document, Recipe)
    refuse(sorted(problems, key=lambda problem: position(problem.where)), MOST_SHOWN)
    return recipe


def to_data(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain data, complete."""
    return recipe.model_dump()
