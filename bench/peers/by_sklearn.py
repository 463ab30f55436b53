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


def svc(inputs, parameters, threads):
    from sklearn.svm import SVC

    K, y = problem(inputs, parameters)

    def work():
        model = SVC(kernel="precomputed", C=parameters["C"]).fit(K, y)
        return {"decision": model.decision_function(K[::20]).tolist()}

    return work


def parity(inputs, parameters):
    X = inputs.read("X.f64").reshape(-1, parameters["variables"])
    return X, inputs.read("y.f64").astype(int)


def monomials(parameters):
    from sklearn.preprocessing import PolynomialFeatures

    return PolynomialFeatures(parameters["degree"], interaction_only=parameters["squareFree"] == 1)


def one_epoch(P, y, alpha):
    from sklearn.linear_model import SGDClassifier

    model = SGDClassifier(loss="log_loss", penalty="l1", alpha=alpha, shuffle=False, max_iter=1, tol=None).fit(P, y)
    return {"weights": model.coef_[0, ::7].tolist(), "intercept": model.intercept_.tolist()}


def polynomial_sgd(inputs, parameters, threads):
    X, y = parity(inputs, parameters)
    P = monomials(parameters).fit_transform(X)
    return lambda: one_epoch(P, y, parameters["alpha"])


def polynomial_features(inputs, parameters, threads):
    X, _ = parity(inputs, parameters)
    expand = monomials(parameters).fit(X)
    return lambda: {"row": expand.transform(X)[-1].tolist()}


def polynomial_logistic(inputs, parameters, threads):
    X, y = parity(inputs, parameters)
    expand = monomials(parameters).fit(X)
    return lambda: one_epoch(expand.transform(X), y, parameters["alpha"])


if __name__ == "__main__":
    serve(
        {
            "sgd": sgd,
            "lbfgs": lbfgs,
            "svc": svc,
            "polynomial-sgd": polynomial_sgd,
            "polynomial-features": polynomial_features,
            "polynomial-logistic": polynomial_logistic,
        }
    )
