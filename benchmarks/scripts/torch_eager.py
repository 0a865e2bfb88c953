"""A job with torch."""

import copy
import itertools

import torch
from torch import nn

from benchmarks.scripts.common import arguments, parts, report, score

job, folder = arguments()
data = {name: (torch.from_numpy(x), torch.from_numpy(y)) for name, (x, y) in parts(job).items()}
x, y = data["train"]
layers: list[nn.Module] = []
for n_in, n_out in itertools.pairwise((x.shape[1], *job.hidden, job.outputs(y))):
    layers += [nn.Linear(n_in, n_out, dtype=x.dtype), nn.Tanh() if job.activation == "tanh" else nn.ReLU()]
model = nn.Sequential(*layers[:-1])
optimizer: torch.optim.Optimizer = torch.optim.SGD(
    model.parameters(), job.lr, momentum=job.momentum, nesterov=job.optimizer == "nesterov"
)
if job.optimizer == "adam":
    optimizer = torch.optim.Adam(model.parameters(), job.lr)


def loss_of(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """Return the mean loss."""
    if job.regression:
        return nn.functional.mse_loss(output[:, 0], y)
    if job.loss == "mse of sigmoid":
        return nn.functional.mse_loss(output[:, 0].sigmoid(), y.to(output.dtype))
    if job.loss == "bce":
        return nn.functional.binary_cross_entropy_with_logits(output[:, 0], y.to(output.dtype))
    return nn.functional.cross_entropy(output, y)


if job.bias:
    nn.init.constant_(model[-1].bias, job.bias)
for layer in model[::2]:
    if job.normal:
        nn.init.normal_(layer.weight, std=job.normal)
best, best_epoch, kept, epoch = float("inf"), 0, None, 0
for epoch in range(1, job.epochs + 1):
    for rows in torch.randperm(len(x)).split(job.batch or len(x)):
        optimizer.zero_grad()
        loss_of(model(x[rows]), y[rows]).backward()
        if job.clip_norm:
            nn.utils.clip_grad_norm_(model.parameters(), job.clip_norm)
        optimizer.step()
    if job.tolerance and max(p.grad.norm() for p in model.parameters() if p.grad is not None) <= job.tolerance:
        break
    with torch.no_grad():
        validation = float(loss_of(model(data["validation"][0]), data["validation"][1]))
    if validation < best:
        best, best_epoch = validation, epoch
        kept = copy.deepcopy(model.state_dict()) if job.patience else None
    if job.patience and epoch - best_epoch >= job.patience:
        break
if kept is not None:
    model.load_state_dict(kept)
torch.save(model.state_dict(), folder / "model.pt")
with torch.no_grad():
    report(folder, score(job, model(data["test"][0]).numpy(), data["test"][1].numpy()), epoch)
