"""Projected gradients as TRAK makes them (traker): torch.func gradients and its projector for the CPU."""

import torch
from protocol import serve
from torch.func import grad, vmap

from by_torch import mlp, per_example, relu_network


def projected(inputs, parameters, threads):
    from trak.projectors import BasicProjector, ProjectionType

    torch.set_num_threads(threads)
    layers, X = mlp(inputs, parameters)
    flat = tuple(p for layer in layers for p in layer)
    P = sum(p.numel() for p in flat)
    K = parameters["dimension"]

    def f(params, x):
        return relu_network(list(zip(params[::2], params[1::2])), x[None])[0].sum()

    gradients = vmap(grad(f), (None, 0))
    projector = BasicProjector(P, K, 0, ProjectionType.rademacher, torch.device("cpu"), block_size=min(K, 256))

    @torch.no_grad()
    def work():
        # All examples at once, so that its random matrix is made once: its fastest.
        features = projector.project(per_example(gradients, flat, X), model_id=0)
        gram = features @ features.T / K
        return {"trace": [float(gram.trace() / len(X))]}

    return work


if __name__ == "__main__":
    serve({"projected": projected})
