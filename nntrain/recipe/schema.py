"""The schema of recipes: every key with its type, range, default and help."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from nntrain.activations import Activation
from nntrain.activations.identity import Identity
from nntrain.activations.rectifiers import ReLU
from nntrain.data import Source
from nntrain.data.folds import Fold
from nntrain.data.partition import Splitting
from nntrain.data.preprocessing import Scaling
from nntrain.data.target_scaling import Transform
from nntrain.errors import refuse
from nntrain.initializers import Initializer
from nntrain.initializers.fixed import Zeros
from nntrain.losses import Loss
from nntrain.norms import Norm
from nntrain.optimizers import Optimizer
from nntrain.optimizers.adam import Adam
from nntrain.recipe.document import Document
from nntrain.recipe.problems import MAX_SHOWN, line_order, problems_of
from nntrain.registry import Choice, Strict
from nntrain.schedules import Schedule
from nntrain.schedules.decay import Constant
from nntrain.training.settings import Regularization, Training

Fraction = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=1_000_000)]


class Data(Strict):
    """Where the rows come from, and how they are split and scaled."""

    source: Annotated[Source, Choice(), Field(description="a built-in data set by name, or a table of your own")]
    validation: Annotated[Fraction, Field(description="fraction of the rows in the validation split")] = 0.15
    test: Annotated[Fraction, Field(description="fraction of the rows in the test split")] = 0.15
    test_seed: Annotated[
        int | None,
        Field(ge=0, lt=2**32, description="seed of the test split and of generated rows; null: the recipe's seed"),
    ] = None
    stratify: Annotated[bool, Field(description="keep the class proportions in each split")] = True
    fold: Annotated[
        Fold | None,
        Field(description="the fold that is the test split, as in {number: 1, of: 5}; null: test is a fraction"),
    ] = None
    standardize: Annotated[
        bool, Field(description="scale features, as scaling says, by numbers of the training split")
    ] = True
    scaling: Annotated[
        Scaling | Literal["quantile"],
        Field(
            description="standard: to mean 0 and standard deviation 1; minmax: to 0 ... 1; "
            "robust: to median 0 and interquartile range 1; quantile: to its rank, 0 ... 1; none"
        ),
    ] = "standard"
    standardize_target: Annotated[
        bool | None,
        Field(
            description="standardize targets too, in regression; null: for a table of your own, not for built-in data"
        ),
    ] = None
    target_transform: Annotated[
        Transform | None,
        Field(
            description="transform targets before they are standardized, in regression: log (targets above 0), "
            "log1p (above -1) or yeo_johnson (any); predictions and metrics are in the targets' own units"
        ),
    ] = None

    def splitting(self, seed: int) -> Splitting:
        """Return how the rows are split, given the recipe's seed."""
        return Splitting(self.validation, self.test, self.stratify, seed, self.test_seed, self.fold)


class Layer(Strict):
    """A hidden layer with its own settings; null: the model's."""

    units: Annotated[Width, Field(description="number of units")]
    activation: Annotated[Annotated[Activation, Choice()] | None, Field(description="activation of this layer")] = None
    initializer: Annotated[Annotated[Initializer, Choice()] | None, Field(description="weight initializer")] = None
    bias_initializer: Annotated[Annotated[Initializer, Choice()] | None, Field(description="bias initializer")] = None
    dropout: Annotated[Fraction | None, Field(description="fraction of its units that a training step drops")] = None
    norm: Annotated[Annotated[Norm, Choice("batch")] | None, Field(description="norm of its pre-activations")] = None


class Model(Strict):
    """The network: dense layers, with one output for each target or class."""

    hidden: Annotated[
        list[Width | Layer],
        Field(description="units of each hidden layer, or units and settings; [] for a linear model"),
    ] = Field(default_factory=lambda: list[Width | Layer]([64, 32]))
    activation: Annotated[Activation, Choice(), Field(description="activation of the hidden layers")] = ReLU()
    dropout: Annotated[
        Fraction, Field(description="fraction of each hidden layer's units that a training step drops")
    ] = 0.0
    norm: Annotated[
        Annotated[Norm, Choice("batch")] | None,
        Field(description="normalization of the hidden layers' pre-activations: batch, or null for none"),
    ] = None
    output: Annotated[Activation, Choice(), Field(description="activation of the output layer")] = Identity()
    initializer: Annotated[
        Annotated[Initializer, Choice()] | None,
        Field(description="initializer of the weights; null: he_uniform before rectifiers, else glorot_uniform"),
    ] = None
    bias_initializer: Annotated[Initializer, Choice(), Field(description="initializer of the biases")] = Zeros()
    learn_biases: Annotated[bool, Field(description="train the biases; false: keep their initial values")] = True


class Recipe(Strict):
    """A run: data, model, loss, optimizer, schedule, training and seed. Only data has no default."""

    name: Annotated[
        Annotated[str, Field(min_length=1, max_length=100)] | None, Field(description="null: the file's name")
    ] = None
    seed: Annotated[int, Field(ge=0, lt=2**32, description="seed of all random numbers")] = 0
    data: Annotated[Data, Field(description="where the rows come from, as in data: {source: digits}")]
    model: Model = Model()
    loss: Annotated[
        Annotated[Loss, Choice()] | None, Field(description="null: cross_entropy for classes, mse for numbers")
    ] = None
    optimizer: Annotated[Optimizer, Choice("adam"), Field(description="the update rule")] = Adam()
    schedule: Annotated[Schedule, Choice("constant"), Field(description="the learning rate over time")] = Constant()
    regularization: Annotated[
        Regularization, Field(description="penalties, weight decay and clipping; none by default")
    ] = Regularization()
    training: Annotated[Training, Field(description="epochs, batches and stopping")] = Training()


def parse(document: Document) -> Recipe:
    """Return the recipe in ``document``.

    Raises:
        InputError: with all its problems.
    """
    problems = document.problems
    try:
        recipe = Recipe.model_validate(document.data)
    except ValidationError as error:
        problems += problems_of(error, document, Recipe)
    refuse(sorted(problems, key=lambda problem: line_order(problem.place)), MAX_SHOWN)
    return recipe


def to_data(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as plain data, with all defaults."""
    return recipe.model_dump()
