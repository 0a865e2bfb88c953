"""The jobs as facts, their data, and the report."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """A recipe's facts, as far as a peer's script needs them."""

    source: str
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    optimizer: str = "adam"
    lr: float = 0.001
    epochs: int = 100
    batch: int = 32  # 0: all rows
    loss: str = "cross_entropy"  # or mse, bce (one output for two classes), or mse of its sigmoid
    normal: float = 0.0  # standard deviation of the first weights; 0: as the peer does it
    bias: float = 0.0  # of the last layer, at first
    clip_norm: float = 0.0
    patience: int = 0  # epochs of early stopping; 0: none
    keys: tuple[tuple[str, Any], ...] = ()  # of the data source
    parts: tuple[float, float] = (0.15, 0.15)  # validation and test
    standardize: bool = True
    dtype: str = "float32"
    tolerance: float = 0.0  # of the gradient's norm; 0: all epochs are trained

    @property
    def regression(self) -> bool:
        """Whether targets are numbers."""
        return self.loss == "mse"

    @property
    def momentum(self) -> float:
        """What SGD keeps of its last step."""
        return {"nesterov": 0.9, "momentum": 0.8}.get(self.optimizer, 0.0)

    def outputs(self, y: Any) -> int:
        """Return the units of the last layer."""
        return int(y.max()) + 1 if self.loss == "cross_entropy" else 1


LINE = Job("line", optimizer="sgd", lr=0.05, epochs=10_000, batch=0, loss="mse", parts=(0, 0), standardize=False)
MOONS = ("rows", 1000), ("noise", 0.1)
JOBS = {
    "breast_cancer": Job("breast_cancer", (16,), "tanh", lr=0.003, epochs=200, patience=20),
    "cliff": Job(
        "friedman1",
        (32, 32, 32),
        optimizer="sgd",
        lr=0.2,
        epochs=300,
        loss="mse",
        normal=0.4,
        clip_norm=1.0,
        keys=(("rows", 500),),
    ),
    "deep_tanh": Job("digits", (64,) * 8, "tanh", "sgd", 0.05, 20),
    "diabetes": Job(
        "diabetes", (64,), optimizer="nesterov", lr=0.003, epochs=20, loss="mse", normal=0.1, parts=(0, 0.15)
    ),
    "digits": Job("digits", (256,)),
    "digits, 50 epochs": Job("digits", (256,), epochs=50),
    "friedman1": Job(
        "friedman1",
        (16, 16),
        "tanh",
        lr=0.003,
        epochs=200,
        loss="mse",
        patience=20,
        keys=(("rows", 2000), ("noise", 1.0)),
    ),
    "iris": Job("iris", (16,), "tanh", lr=0.003, epochs=200, patience=20),
    "line": Job(**{**LINE.__dict__, "tolerance": 1e-8, "dtype": "float64"}),
    "moons": Job("moons", (16, 16), lr=0.01, loss="bce", keys=MOONS),
    "overfit": Job("moons", (64, 64), lr=0.003, epochs=300, keys=(("rows", 150), ("noise", 0.35))),
    "ravine": Job(**{**LINE.__dict__, "optimizer": "momentum", "lr": 0.03, "tolerance": 1e-8, "dtype": "float64"}),
    "saturated_cross_entropy": Job("blobs", optimizer="sgd", lr=1.0, epochs=10, loss="bce", bias=8.0),
    "saturated_mse": Job("blobs", optimizer="sgd", lr=1.0, epochs=10, loss="mse of sigmoid", bias=8.0),
    "wine": Job("wine", (16,), optimizer="nesterov", lr=0.05, epochs=50),
    "csv, 10 MB": Job("csv", (64, 32), epochs=10, batch=128),
}
# line_search.yaml tries weights on a grid, which no peer offers.


def arguments() -> tuple[Job, Path]:
    """Return the job that the command line names, and the folder to write to."""
    return JOBS[sys.argv[1]], Path(sys.argv[2])


def load(job: Job) -> tuple[Any, Any]:
    """Return inputs and targets."""
    import numpy as np
    from sklearn import datasets

    keys: dict[str, Any] = dict(job.keys)
    if job.source == "line":
        x = np.arange(5.0)
        return x[:, None], 3 * x + 1
    if job.source == "csv":
        import polars as pl

        table = pl.read_csv(sys.argv[3])
        return table.drop("label").to_numpy(), table["label"].to_numpy()
    if job.source == "friedman1":
        return datasets.make_friedman1(keys["rows"], noise=keys.get("noise", 0.0), random_state=0)  # type: ignore[no-any-return]
    if job.source == "moons":
        return datasets.make_moons(keys["rows"], noise=keys["noise"], random_state=0)  # type: ignore[no-any-return]
    if job.source == "blobs":
        return datasets.make_blobs(400, centers=2, random_state=0)  # type: ignore[no-any-return]
    return getattr(datasets, f"load_{job.source}")(return_X_y=True)  # type: ignore[no-any-return]


def parts(job: Job) -> dict[str, tuple[Any, Any]]:
    """Return training, validation and test part, standardized; those that the job lacks are the training part."""
    import numpy as np
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, y = load(job)
    if job.regression and job.standardize:
        y = (y - y.mean()) / y.std()
    y = y.astype(job.dtype) if job.regression else np.unique(y, return_inverse=True)[1].astype(np.int64)
    found = {"train": (x, y)}
    for name, share in zip(("validation", "test"), job.parts, strict=True):
        if share:
            by = None if job.regression else found["train"][1]
            size = round(share * len(x))
            x_rest, x_part, y_rest, y_part = train_test_split(
                *found["train"], test_size=size, stratify=by, random_state=0
            )
            found["train"], found[name] = (x_rest, y_rest), (x_part, y_part)
    scaler = StandardScaler().fit(found["train"][0]) if job.standardize else None
    found = {name: ((scaler.transform(x) if scaler else x).astype(job.dtype), y) for name, (x, y) in found.items()}
    return {name: found.get(name, found["train"]) for name in ("train", "validation", "test")}


def score(job: Job, output: Any, y: Any) -> float:
    """Return accuracy of logits, or r2 of predictions."""
    from sklearn.metrics import accuracy_score, r2_score

    if job.regression:
        return float(r2_score(y, output.reshape(-1)))
    decided = output.argmax(axis=1) if job.loss == "cross_entropy" else output[:, 0] > 0
    return float(accuracy_score(y, decided))


def report(folder: Path, test: float, epochs: int) -> None:
    """Write the report."""
    text = json.dumps({"test": test, "epochs": epochs})
    (folder / "report.json").write_text(text)
    print(text)


def cannot(*what: str) -> None:
    """End: the peer has no such thing."""
    print(json.dumps({"cannot": ", ".join(what)}))
    sys.exit(0)
