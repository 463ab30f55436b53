"""The rows as jax does them, whole loops compiled, and the kernels of neural-tangents."""

import jax
import jax.numpy as jnp
from protocol import corner, serve


def layers_of(inputs, parameters, width):
    widths = parameters["widths"]
    return [
        (
            jnp.asarray(inputs.read(f"W{i}.{width}", widths[i], widths[i + 1])),
            jnp.asarray(inputs.read(f"b{i}.{width}")),
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


def adam(inputs, parameters, threads):
    """All steps in one compiled loop."""
    width = parameters["width"]
    jax.config.update("jax_enable_x64", width == "f64")
    X, Y = (jnp.asarray(inputs.read(f"{name}.{width}", -1, 1)) for name in "XY")
    start = layers_of(inputs, parameters, width)
    f = network(jnp.tanh)
    rate, b1, b2, epsilon = parameters["rate"], 0.9, 0.999, 1e-8
    loss = lambda layers: ((f(layers, X) - Y) ** 2).mean()
    tree = jax.tree_util.tree_map

    @jax.jit
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

        return jax.lax.fori_loop(0, parameters["steps"], step, (layers, zero, zero, jnp.zeros((), X.dtype)))

    return lambda: {"loss": [float(train(start)[3])]}


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


if __name__ == "__main__":
    serve({"structured": structured, "adam": adam, "gradient-descent": gradient_descent})
