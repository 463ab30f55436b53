"""The rows as jax does them, whole loops compiled, and the kernels of neural-tangents."""

import jax
import jax.numpy as jnp
from protocol import corner, serve


def layers_of(inputs, parameters, width):
    """[(W, b)]; with seeds, those of all of them along a first axis."""
    widths, first = parameters["widths"], [parameters["seeds"]] if "seeds" in parameters else []
    return [
        (
            jnp.asarray(inputs.read(f"W{i}.{width}", *first, widths[i], widths[i + 1])),
            jnp.asarray(inputs.read(f"b{i}.{width}", *first, widths[i + 1])),
        )
        for i in range(len(widths) - 1)
    ]


def network(activation):
    def f(layers, h):
        for i, (W, b) in enumerate(layers):
            h = h @ W + b
            if i < len(layers) - 1:
                h = activation(h)
        return h

    return f


def structured(inputs, parameters, threads):
    """neural-tangents' best mode. It divides by the number of outputs; we do not."""
    import neural_tangents as nt

    layers = layers_of(inputs, parameters, "f32")
    X = jnp.asarray(inputs.read("X.f32", -1, parameters["widths"][0]))
    kernel = jax.jit(
        nt.empirical_ntk_fn(
            network(jax.nn.relu),
            trace_axes=(-1,),
            vmap_axes=0,
            implementation=nt.NtkImplementation.STRUCTURED_DERIVATIVES,
        ),
        static_argnums=1,
    )
    C = parameters["widths"][-1]
    return lambda: {"corner": corner(C * jax.block_until_ready(kernel(X, None, layers)))}


def adam_training(inputs, parameters):
    """The parameters to start from, and all steps in one loop, to be compiled: parameters -> last loss."""
    width = parameters["width"]
    jax.config.update("jax_enable_x64", width == "f64")
    X, Y = (jnp.asarray(inputs.read(f"{name}.{width}", -1, 1)) for name in "XY")
    f = network(jnp.tanh)
    rate, b1, b2, epsilon = parameters["rate"], 0.9, 0.999, 1e-8
    loss = lambda layers: ((f(layers, X) - Y) ** 2).mean()
    tree = jax.tree_util.tree_map

    def train(layers):
        zero = tree(jnp.zeros_like, layers)

        def step(t, state):
            layers, m, v, _ = state
            value, g = jax.value_and_grad(loss)(layers)
            m = tree(lambda m, g: b1 * m + (1 - b1) * g, m, g)
            v = tree(lambda v, g: b2 * v + (1 - b2) * g * g, v, g)
            c1, c2 = 1 - b1 ** (t + 1.0), 1 - b2 ** (t + 1.0)
            layers = tree(lambda p, m, v: p - rate * (m / c1) / (jnp.sqrt(v / c2) + epsilon), layers, m, v)
            return layers, m, v, value

        return jax.lax.fori_loop(0, parameters["steps"], step, (layers, zero, zero, jnp.zeros((), X.dtype)))[3]

    return layers_of(inputs, parameters, width), train


def adam(inputs, parameters, threads):
    start, train = adam_training(inputs, parameters)
    compiled = jax.jit(train)
    return lambda: {"loss": [float(compiled(start))]}


def adam_seeds_together(inputs, parameters, threads):
    """One loop whose steps are those of all networks."""
    start, train = adam_training(inputs, parameters)
    compiled = jax.jit(jax.vmap(train))
    return lambda: {"loss": compiled(start).tolist()}


def adam_seeds_in_turn(inputs, parameters, threads):
    start, train = adam_training(inputs, parameters)
    compiled = jax.jit(train)
    starts = [jax.tree_util.tree_map(lambda p: p[k], start) for k in range(parameters["seeds"])]
    return lambda: {"loss": [float(compiled(its)) for its in starts]}


def gradient_descent(inputs, parameters, threads):
    n, d, h = parameters["n"], parameters["d"], parameters["h"]
    X, Y = jnp.asarray(inputs.read("X.f32", n, d)), jnp.asarray(inputs.read("Y.f32", n, 1))
    start = [
        (jnp.asarray(inputs.read("W0.f32", d, h)), jnp.zeros(h)),
        (jnp.asarray(inputs.read("W1.f32", h, 1)), jnp.zeros(1)),
    ]
    f = network(jax.nn.relu)
    loss = lambda layers: ((f(layers, X) - Y) ** 2).mean()

    @jax.jit
    def train(layers):
        def step(t, state):
            value, g = jax.value_and_grad(loss)(state[0])
            return jax.tree_util.tree_map(lambda p, g: p - parameters["rate"] * g, state[0], g), value

        return jax.lax.fori_loop(0, parameters["steps"], step, (layers, jnp.zeros(())))

    return lambda: {"loss": [float(train(start)[1])]}


def images(inputs, parameters):
    """The convolutional network of the row: parameters and images, n x 28 x 28 x 1."""
    filters, widths = parameters["filters"], parameters["widths"]
    layers, channels = [], 1
    for i, count in enumerate(filters):
        kernel = inputs.read(f"conv2d{i + 1}-weight.f32", 3, 3, channels, count)
        layers.append((jnp.asarray(kernel), jnp.asarray(inputs.read(f"conv2d{i + 1}-bias.f32"))))
        channels = count
    for i in range(len(widths) - 1):
        W = inputs.read(f"dense{i + 1}-weight.f32", widths[i], widths[i + 1])
        layers.append((jnp.asarray(W), jnp.asarray(inputs.read(f"dense{i + 1}-bias.f32"))))
    return layers, jnp.asarray(inputs.read("X.f32", -1, 28, 28, 1))


def image_network(layers, h):
    for W, b in layers:
        if W.ndim == 4:
            h = jax.lax.conv_general_dilated(h, W, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))
            h = jax.nn.relu(h + b) / (9 * len(b)) ** 0.5
            h = jax.lax.reduce_window(h, 0.0, jax.lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
        else:
            h = h.reshape(len(h), -1) @ W + b
            h = jax.nn.relu(h) / len(b) ** 0.5 if len(b) > 1 else h
    return h


def images_kernel(inputs, parameters, threads):
    """vmap(jacrev) of fifty examples at a time, then the products of the Jacobians."""
    layers, X = images(inputs, parameters)
    of_one = lambda layers, x: image_network(layers, x[None])[0, 0]
    jacobians = jax.jit(jax.vmap(jax.jacrev(of_one), (None, 0)))

    @jax.jit
    def products(parts):
        rows = [jnp.concatenate(j).reshape(len(X), -1) for j in zip(*map(jax.tree_util.tree_leaves, parts))]
        return sum(j @ j.T for j in rows)

    def work():
        parts = [jacobians(layers, X[k : k + 50]) for k in range(0, len(X), 50)]
        return {"corner": corner(jax.block_until_ready(products(parts)))}

    return work


def images_epoch(inputs, parameters, threads):
    """One compiled step; the loop outside of it (inside, XLA's convolutions on the CPU are ten times slower)."""
    start, X = images(inputs, parameters)
    Y = jnp.asarray(inputs.read("Y.f32", -1, 1))
    size, rate = parameters["batchSize"], parameters["rate"]
    b1, b2, epsilon = 0.9, 0.999, 1e-8
    tree = jax.tree_util.tree_map

    def loss(layers, x, y):
        z = image_network(layers, x)
        return (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))).mean()

    @jax.jit
    def step(t, layers, m, v, x, y):
        value, g = jax.value_and_grad(loss)(layers, x, y)
        m = tree(lambda m, g: b1 * m + (1 - b1) * g, m, g)
        v = tree(lambda v, g: b2 * v + (1 - b2) * g * g, v, g)
        c1, c2 = 1 - b1**t, 1 - b2**t
        layers = tree(lambda p, m, v: p - rate * (m / c1) / (jnp.sqrt(v / c2) + epsilon), layers, m, v)
        return layers, m, v, value

    def work():
        layers = start
        m = v = tree(jnp.zeros_like, start)
        values = []
        for k in range(0, len(X), size):
            x, y = X[k : k + size], Y[k : k + size]
            layers, m, v, value = step(k / size + 1.0, layers, m, v, x, y)
            values.append((value, len(x)))
        return {"loss": [sum(float(value) * n for value, n in values) / len(X)]}

    return work


if __name__ == "__main__":
    serve(
        {
            "structured": structured,
            "adam": adam,
            "adam-seeds-together": adam_seeds_together,
            "adam-seeds-in-turn": adam_seeds_in_turn,
            "gradient-descent": gradient_descent,
            "images-kernel": images_kernel,
            "images-epoch": images_epoch,
        }
    )
