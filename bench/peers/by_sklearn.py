"""The rows as scikit-learn does them."""

import warnings

from protocol import serve


def problem(inputs, parameters):
    n = parameters["n"]
    return inputs.read("K.f64", n, n), inputs.read("y.f64").astype(int)


def sgd(inputs, parameters, threads):
    from sklearn.linear_model import SGDClassifier

    K, y = problem(inputs, parameters)

    def work():
        model = SGDClassifier(loss="log_loss", alpha=parameters["alpha"], shuffle=False).fit(K, y)
        return {"weights": model.coef_[0, ::20].tolist(), "epochs": [float(model.n_iter_)]}

    return work


def lbfgs(inputs, parameters, threads):
    from sklearn.linear_model import LogisticRegression

    warnings.simplefilter("ignore")  # it may stop before the optimum: its default is what people run
    K, y = problem(inputs, parameters)
    C = 1 / (parameters["alpha"] * len(y))

    def work():
        model = LogisticRegression(C=C, max_iter=1000).fit(K, y)
        return {"decision": model.decision_function(K[::20]).tolist()}

    return work


if __name__ == "__main__":
    serve({"sgd": sgd, "lbfgs": lbfgs})
