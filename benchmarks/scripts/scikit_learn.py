"""A job with scikit-learn's MLP."""

import warnings

import joblib
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.scripts.common import arguments, cannot, parts, report

job, folder = arguments()
lacks = {"normal weights": job.normal, "bias": job.bias, "clip_norm": job.clip_norm}
if any(lacks.values()):
    cannot(*[name for name, value in lacks.items() if value])
data = parts(job)
kind = MLPRegressor if job.regression else MLPClassifier
model = kind(
    hidden_layer_sizes=job.hidden,
    activation=job.activation,
    solver="adam" if job.optimizer == "adam" else "sgd",
    momentum=job.momentum,
    nesterovs_momentum=job.optimizer == "nesterov",
    learning_rate_init=job.lr,
    batch_size=job.batch or len(data["train"][0]),
    max_iter=job.epochs,
    alpha=0.0,
    early_stopping=job.patience > 0,
    n_iter_no_change=job.patience or (20 if job.tolerance else job.epochs),
    tol=job.tolerance**2 / 100,  # of the loss, which goes with the square of the gradient
    random_state=0,
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    model.fit(*data["train"])
joblib.dump(model, folder / "model.joblib")
report(folder, float(model.score(*data["test"])), model.n_iter_)
