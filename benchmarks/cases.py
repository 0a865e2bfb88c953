"""What is trained in the benchmarks of a step: the nets, and the same data and first weights for every peer."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

LR = 0.001
CLIP_NORM = 1.0
DROPOUT = 0.2


@dataclass(frozen=True)
class Case:
    """A net with ReLU and softmax cross-entropy, and how it is trained."""

    widths: tuple[int, ...]
    batch: int
    optimizer: str = "adam"  # or sgd
    extra: str = ""  # or "batch norm", "dropout", "clipping"
    dtype: Literal["float32", "float64"] = "float32"
    cores: int = 1  # 0: all there are

    @property
    def net(self) -> str:
        """Such as ``64-64-32-10/32``; equal widths in a row are counted."""
        parts = []
        for width, group in itertools.groupby(self.widths):
            times = len(list(group))
            parts.append(f"{width}" if times == 1 else f"{width}-{width}" if times == 2 else f"{times}x{width}")
        return f"{'-'.join(parts)}/{self.batch}"

    @property
    def how(self) -> str:
        """What is not told by the net."""
        facts = [self.optimizer, self.extra, "" if self.dtype == "float32" else self.dtype]
        return ", ".join(fact for fact in facts if fact) + ("" if self.cores else ", all cores")

    @property
    def layers(self) -> list[tuple[int, int, bool]]:
        """Inputs and outputs of each layer, and whether it is a hidden one."""
        pairs = list(itertools.pairwise(self.widths))
        return [(a, b, index < len(pairs) - 1) for index, (a, b) in enumerate(pairs)]

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return sum(a * b + b for a, b, _ in self.layers)

    @property
    def multiply_adds(self) -> int:
        """Those of a step's largest product."""
        return self.batch * max(a * b for a, b, _ in self.layers)

    @property
    def steps(self) -> int:
        """Steps of an epoch: about a tenth of a second's work at most, so that every peer can take turns."""
        return int(np.clip(4e9 / (3 * self.batch * self.parameters), 4, 128))

    def data(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """Return inputs (N, I) and classes (N): whole batches of noise, which cost as much as anything to learn."""
        random = np.random.default_rng(0)
        rows = self.steps * self.batch
        x = random.standard_normal((rows, self.widths[0])).astype(self.dtype)
        return x, random.integers(0, self.widths[-1], rows)

    def weights(self) -> list[NDArray[Any]]:
        """Return every layer's first weights (I, O); its biases begin at zero."""
        random = np.random.default_rng(1)
        return [(random.standard_normal((a, b)) * np.sqrt(2 / a)).astype(self.dtype) for a, b, _ in self.layers]

    def to_data(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return asdict(self)

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Case":
        """Return the case that ``to_data`` wrote down."""
        return cls(**{**data, "widths": tuple(data["widths"])})


NETS = (
    ((2, 16, 16, 2), 32),
    ((64, 64, 32, 10), 32),
    ((784, 256, 128, 10), 128),
    ((784, 2048, 2048, 10), 512),
    ((64, *[32] * 20, 10), 32),  # deep and narrow
    ((64, 4096, 10), 128),  # shallow and wide
)
SMALL, MEDIUM = NETS[1], NETS[2]
CASES = (
    *(Case(*net) for net in NETS),
    *(Case(*net, cores=0) for net in NETS),
    *(Case(*net, optimizer="sgd") for net in NETS),
    *(Case(*net, extra=extra) for net in (SMALL, MEDIUM) for extra in ("batch norm", "dropout", "clipping")),
    *(Case(*net, dtype="float64") for net in (SMALL, MEDIUM)),
)
