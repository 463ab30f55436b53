"""The rows as PyTorch does them: the fastest plain way, and where it is usual torch.func's or a loop's."""

import torch
from protocol import corner, serve


def tensor(array):
    return torch.from_numpy(array)


def gemm(inputs, parameters, threads):
    n, width = parameters["n"], parameters["width"]
    A, B = tensor(inputs.read(f"A.{width}", n, n)), tensor(inputs.read(f"B.{width}", n, n))
    out = torch.empty_like(A)
    return lambda: {"corner": corner(torch.mm(A, B, out=out))}


def syrk(inputs, parameters, threads):
    n, width = parameters["n"], parameters["width"]
    A = tensor(inputs.read(f"A.{width}", n, n))
    out = torch.empty_like(A)
    return lambda: {"corner": corner(torch.mm(A, A.T, out=out))}


def eigh(inputs, parameters, threads):
    n, width = parameters["n"], parameters["width"]
    A = tensor(inputs.read(f"A.{width}", n, n))
    return lambda: {"values": torch.linalg.eigh(A)[0][::50].tolist()}


def mlp(inputs, parameters):
    """Weights [(W, b)] of the row's network, as leaves, and its inputs."""
    widths = parameters["widths"]
    X = tensor(inputs.read("X.f32", -1, widths[0]))
    layers = []
    for i in range(len(widths) - 1):
        W = tensor(inputs.read(f"W{i}.f32", widths[i], widths[i + 1]))
        layers.append((W, tensor(inputs.read(f"b{i}.f32", widths[i + 1]))))
    return layers, X


def relu_network(layers, h):
    for i, (W, b) in enumerate(layers):
        h = torch.addmm(b, h, W)
        if i < len(layers) - 1:
            h = torch.relu(h)
    return h


def structured_kernel(inputs, parameters, threads):
    """Σ_c Σ_l (H_l H_lᵀ + 1) ∘ (Δ_lc Δ_lcᵀ), by hand: the sum over classes is one product of n × (C · d_out)."""
    layers, X = mlp(inputs, parameters)
    n, C = len(X), layers[-1][0].shape[1]

    @torch.no_grad()
    def work():
        hs, masks = [X], []
        for W, b in layers[:-1]:
            z = torch.addmm(b, hs[-1], W)
            hs.append(torch.relu(z))
            masks.append((z > 0).to(z.dtype))
        K = torch.zeros(n, n)
        delta = torch.eye(C).expand(n, C, C).contiguous()
        for l in range(len(layers) - 1, -1, -1):
            flat = delta.reshape(n, -1)
            G = torch.mm(hs[l], hs[l].T)
            G += 1
            G *= torch.mm(flat, flat.T)
            K += G
            if l:
                delta = torch.matmul(delta, layers[l][0].T) * masks[l - 1][:, None, :]
        return {"corner": corner(K)}

    return work


def functional_kernel(inputs, parameters, threads):
    """torch.func: vmap(jacrev) of every example, then the product of the flat Jacobians (n × C × P)."""
    from torch.func import jacrev, vmap

    layers, X = mlp(inputs, parameters)
    flat = tuple(p for layer in layers for p in layer)

    def f(params, x):
        return relu_network(list(zip(params[::2], params[1::2])), x[None])[0]

    def work():
        jac = vmap(jacrev(f), (None, 0))(flat, X)
        K = torch.zeros(len(X), len(X))
        for j in jac:
            j = j.flatten(2).transpose(0, 1)  # C × n × p
            for c in j:
                K += c @ c.T
        return {"corner": corner(K)}

    return work


def per_example(gradients, flat, X, panel=500):
    """The flat gradients of all examples, n × P, computed a panel at a time."""
    out = torch.empty(len(X), sum(p.numel() for p in flat))
    for i in range(0, len(X), panel):
        torch.cat([p.flatten(1) for p in gradients(flat, X[i : i + panel])], 1, out=out[i : i + panel])
    return out


def projected_kernel(inputs, parameters, threads):
    """Per-example gradients (torch.func), times a matrix of random signs made piece by piece."""
    from torch.func import grad, vmap

    layers, X = mlp(inputs, parameters)
    flat = tuple(p for layer in layers for p in layer)
    K = parameters["dimension"]

    def f(params, x):
        return relu_network(list(zip(params[::2], params[1::2])), x[None])[0].sum()

    gradients = vmap(grad(f), (None, 0))
    P = sum(p.numel() for p in flat)

    @torch.no_grad()
    def work():
        g = per_example(gradients, flat, X)
        features = torch.zeros(len(X), K)
        generator = torch.Generator().manual_seed(0)
        for j in range(0, P, 8192):
            part = g[:, j : j + 8192]
            signs = torch.randint(0, 2, (part.shape[1], K), generator=generator, dtype=torch.int8)
            features += part @ (signs.float() * 2 - 1)
        gram = features @ features.T / K
        return {"trace": [float(gram.trace() / len(X))]}

    return work


def adam_training(inputs, parameters, fused, affine):
    """
    The parameters to start from, those of all seeds along a first axis, and the training: Adam on the mean squared error of
    a tanh network over the whole set, parameters -> last loss (of each network that `affine` computes).
    """
    widths, width = parameters["widths"], parameters["width"]
    seeds = parameters.get("seeds", 1)
    X, Y = (tensor(inputs.read(f"{name}.{width}", -1, 1)) for name in "XY")
    start = []
    for i in range(len(widths) - 1):
        W = inputs.read(f"W{i}.{width}", seeds, widths[i], widths[i + 1])
        start.append((tensor(W), tensor(inputs.read(f"b{i}.{width}", seeds, widths[i + 1]))))

    def train(start):
        layers = [(W.clone().requires_grad_(), b.clone().requires_grad_()) for W, b in start]
        optimizer = torch.optim.Adam([p for l in layers for p in l], lr=parameters["rate"], fused=fused)
        for _ in range(parameters["steps"]):
            h = X
            for i, (W, b) in enumerate(layers):
                h = affine(b, h, W)
                if i < len(layers) - 1:
                    h = torch.tanh(h)
            losses = ((h - Y) ** 2).mean((-2, -1))
            optimizer.zero_grad()
            losses.sum().backward()
            optimizer.step()
        return losses.detach().flatten().tolist()

    return start, train


def adam(inputs, parameters, threads, fused=True):
    """The networks of all seeds, one after the other (there may be one)."""
    start, train = adam_training(inputs, parameters, fused, torch.addmm)
    starts = [[(W[k], b[k]) for W, b in start] for k in range(parameters.get("seeds", 1))]
    return lambda: {"loss": [loss for its in starts for loss in train(its)]}


def adam_seeds_together(inputs, parameters, threads, fused=True):
    """One training whose layers are batched products, a network each."""

    def affine(b, h, W):
        return torch.baddbmm(b[:, None], h if h.dim() == 3 else h.expand(len(W), *h.shape), W)

    start, train = adam_training(inputs, parameters, fused, affine)
    return lambda: {"loss": train(start)}


def gradient_descent(inputs, parameters, threads):
    """Full-batch gradient descent on the mean squared error of one wide relu layer, by hand."""
    n, d, h = parameters["n"], parameters["d"], parameters["h"]
    X, Y = tensor(inputs.read("X.f32", n, d)), tensor(inputs.read("Y.f32", n, 1))
    W0, W1 = tensor(inputs.read("W0.f32", d, h)), tensor(inputs.read("W1.f32", h, 1))
    b0, b1 = torch.zeros(h), torch.zeros(1)

    def work():
        params = [p.clone().requires_grad_() for p in (W0, b0, W1, b1)]
        for _ in range(parameters["steps"]):
            output = torch.addmm(params[3], torch.relu(torch.addmm(params[1], X, params[0])), params[2])
            loss = ((output - Y) ** 2).mean()
            gradients = torch.autograd.grad(loss, params)
            with torch.no_grad():
                for p, g in zip(params, gradients):
                    p -= parameters["rate"] * g
        return {"loss": [float(loss.detach())]}

    return work


def images(inputs, parameters):
    """The convolutional network of the row: parameters, kernels as PyTorch has them, and images, n x 1 x 28 x 28."""
    filters, widths = parameters["filters"], parameters["widths"]
    flat, channels = [], 1
    for i, count in enumerate(filters):
        kernel = tensor(inputs.read(f"conv2d{i + 1}-weight.f32", 3, 3, channels, count))
        flat += [kernel.permute(3, 2, 0, 1).contiguous(), tensor(inputs.read(f"conv2d{i + 1}-bias.f32"))]
        channels = count
    for i in range(len(widths) - 1):
        W = tensor(inputs.read(f"dense{i + 1}-weight.f32", widths[i], widths[i + 1]))
        flat += [W, tensor(inputs.read(f"dense{i + 1}-bias.f32"))]
    return flat, tensor(inputs.read("X.f32", -1, 1, 28, 28))


def image_network(parameters):
    from torch.nn import functional as F

    convolutions = len(parameters["filters"])

    def f(flat, h):
        layers = list(zip(flat[::2], flat[1::2]))
        for W, b in layers[:convolutions]:
            h = F.avg_pool2d(F.relu(F.conv2d(h, W, b, padding=1)) / (9 * len(b)) ** 0.5, 2)
        h = h.permute(0, 2, 3, 1).flatten(1)
        for W, b in layers[convolutions:-1]:
            h = F.relu(torch.addmm(b, h, W)) / len(b) ** 0.5
        return torch.addmm(layers[-1][1], h, layers[-1][0])

    return f


def images_kernel(inputs, parameters, threads, chunk=None):
    """torch.func: vmap(jacrev) of every example, all together or some at a time, then the products of the Jacobians."""
    from torch.func import jacrev, vmap

    flat, X = images(inputs, parameters)
    f = image_network(parameters)
    jacobians = vmap(jacrev(lambda p, x: f(p, x[None])[0, 0]), (None, 0), chunk_size=chunk)

    def work():
        K = torch.zeros(len(X), len(X))
        for j in jacobians(tuple(flat), X):
            j = j.flatten(1)
            K += j @ j.T
        return {"corner": corner(K)}

    return work


def images_epoch(inputs, parameters, threads, channels_last):
    flat, X = images(inputs, parameters)
    Y = tensor(inputs.read("Y.f32", -1, 1))
    f = image_network(parameters)
    size = parameters["batchSize"]
    layout = torch.channels_last if channels_last else torch.contiguous_format
    X = X.contiguous(memory_format=layout)

    def work():
        params = [p.clone(memory_format=layout if p.dim() == 4 else torch.preserve_format) for p in flat]
        params = [p.requires_grad_() for p in params]
        optimizer = torch.optim.Adam(params, lr=parameters["rate"], fused=True)
        total = 0.0
        for k in range(0, len(X), size):
            x, y = X[k : k + size], Y[k : k + size]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(f(params, x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(x)
        return {"loss": [total / len(X)]}

    return work


TASKS = {
    "gemm": gemm,
    "syrk": syrk,
    "eigh": eigh,
    "structured": structured_kernel,
    "functional": functional_kernel,
    "projected": projected_kernel,
    "adam-fused": adam,
    "adam-eager": lambda *a: adam(*a, fused=False),
    "adam-seeds-together": adam_seeds_together,
    "gradient-descent": gradient_descent,
    "images-kernel": images_kernel,
    "images-kernel-chunks": lambda *a: images_kernel(*a, chunk=50),
    "images-epoch-last": lambda *a: images_epoch(*a, channels_last=True),
    "images-epoch-first": lambda *a: images_epoch(*a, channels_last=False),
}


def threaded(task):
    def start(inputs, parameters, threads):
        torch.set_num_threads(threads)
        return task(inputs, parameters, threads)

    return start


if __name__ == "__main__":
    serve({name: threaded(task) for name, task in TASKS.items()})
