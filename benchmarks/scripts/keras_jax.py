"""A job with Keras 3 on jax."""

import os
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras

from benchmarks.scripts.common import arguments, cannot, parts, report, score

job, folder = arguments()
if job.dtype == "float64":
    cannot("float64 on jax without a switch of jax's own")
data = parts(job)
x, y = data["train"]
weights: Any = keras.initializers.RandomNormal(stddev=job.normal) if job.normal else "glorot_uniform"
bias = keras.initializers.Constant(job.bias)
layers = [keras.layers.Dense(units, job.activation, kernel_initializer=weights) for units in job.hidden]
last = keras.layers.Dense(job.outputs(y), "sigmoid" if "sigmoid" in job.loss else None, True, weights, bias)
model = keras.Sequential([keras.Input((x.shape[1],)), *layers, last])
clip = job.clip_norm or None
rule: Any = keras.optimizers.SGD(job.lr, job.momentum, nesterov=job.optimizer == "nesterov", global_clipnorm=clip)
if job.optimizer == "adam":
    rule = keras.optimizers.Adam(job.lr)
losses = {
    "cross_entropy": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    "bce": keras.losses.BinaryCrossentropy(from_logits=True),
}
model.compile(optimizer=rule, loss=losses.get(job.loss, "mse"))
stop = keras.callbacks.EarlyStopping(patience=job.patience, restore_best_weights=True)
fitted = model.fit(
    x,
    y.reshape(-1, 1),
    batch_size=job.batch or len(x),
    epochs=job.epochs,
    validation_data=(data["validation"][0], data["validation"][1].reshape(-1, 1)),
    callbacks=[stop] if job.patience else [],
    verbose=0,
)
model.save(folder / "model.keras")
x, y = data["test"]
output = model.predict(x, verbose=0)
output = output - 0.5 if "sigmoid" in job.loss else output
report(folder, score(job, output, y), len(fitted.history["loss"]))
