"""Regularization between backpropagation and the update: penalties, clipping and weight decay.

Penalties and decay apply to the matrices in ``tensors``, and to its vectors, such as biases, only if asked for.
"""

import numpy as np

from nntrain.jit.kernels import kernel

# Indices in `penalty` (see nntrain.training.settings.Regularization).
L1, L2, DECAY, BIASES, CLIP_NORM, CLIP_VALUE, INPUT_NOISE, CLIP_FIRST = range(8)
PENALTIES = 8  # length of `penalty`

TINY_SQUARE = 1e-280  # between this and its inverse a sum of squares has neither under- nor overflowed


@kernel
def penalize(tensors, theta, grad, penalty):
    """Add the gradient of the penalties.

    Formula:
        L <- L + l1 Σ |w| + ½ l2 Σ w²
        g <- g + l1 sign(w) + l2 w

    Source: Korea University (L2 weight decay). torch's weight_decay is this l2, scikit-learn's alpha is l2 times the
    batch size. torch adds it in the optimizer, after clipping (CLIP_FIRST); a penalty that is part of the loss is
    clipped with it.
    """
    real = theta.dtype.type
    l1, l2 = real(penalty[L1]), real(penalty[L2])
    if l1 == 0 and l2 == 0:
        return
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        if rows > 0 or penalty[BIASES] != 0:
            for i in range(start, start + max(rows, 1) * columns):
                grad[i] += l1 * np.sign(theta[i]) + l2 * theta[i]


@kernel
def regularize(tensors, theta, grad, penalty, unclipped, measure):
    """Add the penalties and clip, in the order that CLIP_FIRST asks for.

    Returns:
        Whether the gradient was clipped and, if ``measure``, the norm of the gradient with penalties but without
        clipping. ``unclipped`` (P; empty if nothing is clipped) is then filled with that gradient.
    """
    clip_first, norm = penalty[CLIP_FIRST] != 0, 0.0
    if not clip_first:
        penalize(tensors, theta, grad, penalty)
    if measure:
        for i in range(unclipped.size):
            unclipped[i] = grad[i]
        if clip_first:
            penalize(tensors, theta, unclipped, penalty)
        norm = norm_of(unclipped if clip_first else grad)
    clipped = clip(grad, penalty)
    if clip_first:
        penalize(tensors, theta, grad, penalty)
    return clipped, norm


@kernel
def decay(tensors, theta, penalty, rate):
    """Shrink the weights by a constant factor, whatever the gradient.

    Formula:
        w <- w (1 - lr weight_decay)

    Source: Loshchilov and Hutter, arXiv 1711.05101 (decoupled weight decay).
    """
    if penalty[DECAY] == 0:
        return
    keep = theta.dtype.type(1 - rate * penalty[DECAY])
    for t in range(tensors.shape[0]):
        start, rows, columns = tensors[t]
        if rows > 0 or penalty[BIASES] != 0:
            for i in range(start, start + max(rows, 1) * columns):
                theta[i] *= keep


@kernel
def clip(grad, penalty):
    """Clip the gradient, and return whether that changed it.

    Formula:
        g <- max(-clip_value, min(clip_value, g))
        g <- g clip_norm / |g|   if |g| > clip_norm, the norm over all parameters

    Source: Lan (cliffs); Pascanu et al., arXiv 1211.5063. torch adds 1e-6 to |g|.
    """
    clipped = False
    bound = penalty[CLIP_VALUE]
    if bound > 0:
        upper = grad.dtype.type(bound)
        for i in range(grad.size):
            if abs(grad[i]) > upper:
                grad[i] = upper if grad[i] > 0 else -upper
                clipped = True
    if penalty[CLIP_NORM] > 0:
        norm = norm_of(grad)
        if np.isfinite(norm) and norm > penalty[CLIP_NORM]:
            factor = grad.dtype.type(penalty[CLIP_NORM] / norm)
            for i in range(grad.size):
                grad[i] *= factor
            clipped = True
    return clipped


@kernel
def norm_of(grad):
    """Return the Euclidean norm, scaled by the largest number if squares over- or underflow."""
    square = 0.0
    for i in range(grad.size):
        square += float(grad[i]) * float(grad[i])
    if TINY_SQUARE < square < 1 / TINY_SQUARE or np.isnan(square):
        return np.sqrt(square)
    largest = 0.0
    for i in range(grad.size):
        largest = max(largest, abs(grad[i]))
    if largest == 0 or not np.isfinite(largest):
        return largest
    square = 0.0
    for i in range(grad.size):
        part = grad[i] / largest
        square += part * part
    return largest * np.sqrt(square)
