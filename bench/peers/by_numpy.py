"""The rows by hand in numpy."""

import numpy as np
from protocol import corner, serve


def structured_kernel(inputs, parameters, threads):
    """Σ_l (H_l H_lᵀ + 1) ∘ (Δ_l Δ_lᵀ), as in by_torch.py."""
    widths = parameters["widths"]
    X = inputs.read("X.f32", -1, widths[0])
    layers = [
        (inputs.read(f"W{i}.f32", widths[i], widths[i + 1]), inputs.read(f"b{i}.f32"))
        for i in range(len(widths) - 1)
    ]
    n, C = len(X), widths[-1]

    def work():
        hs, masks = [X], []
        for W, b in layers[:-1]:
            z = hs[-1] @ W + b
            hs.append(np.maximum(z, 0))
            masks.append(z > 0)
        K = np.zeros((n, n), np.float32)
        delta = np.broadcast_to(np.eye(C, dtype=np.float32), (n, C, C))
        for l in range(len(layers) - 1, -1, -1):
            flat = delta.reshape(n, -1)
            G = hs[l] @ hs[l].T
            G += 1
            G *= flat @ flat.T
            K += G
            if l:
                delta = (delta @ layers[l][0].T) * masks[l - 1][:, None, :]
        return {"corner": corner(K)}

    return work


if __name__ == "__main__":
    serve({"structured": structured_kernel})
