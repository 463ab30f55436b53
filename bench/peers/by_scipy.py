"""The rows as scipy does them."""

import numpy as np
import scipy.linalg
from protocol import serve


def eigh(inputs, parameters, threads):
    n, width = parameters["n"], parameters["width"]
    A = inputs.read(f"A.{width}", n, n)
    return lambda: {"values": scipy.linalg.eigh(A, driver="evd", check_finite=False)[0][::50].tolist()}


def kendall(inputs, parameters, threads):
    from scipy.stats import kendalltau

    x, y = inputs.read("x.f64"), inputs.read("y.f64")
    return lambda: {"tau": [float(kendalltau(x, y).statistic)]}


if __name__ == "__main__":
    serve({"eigh": eigh, "kendall": kendall})
