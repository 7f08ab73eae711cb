"""Standard errors of generalised linear models from the exact Hessian, beside those of statsmodels.

Three likelihoods as TF1 code would write them: a logistic regression on Spector and Mazzeo's 32 students, whose table
stands in Greene's Econometric Analysis, and the progression of diabetes in 442 patients (whole numbers, scikit-learn)
by Poisson and by negative binomial regression, where the dispersion is estimated along. scipy goes to the maximum with
exact products, and the roots of the diagonal of the inverse Hessian are the standard errors. Where statsmodels is not
installed, its numbers are those kept below.
"""
import os
import warnings

import numpy as np
import tensorflow.compat.v1 as tf
from pictures import BLUE, GREEN, ORANGE, panels, parser, save
from sklearn.datasets import load_diabetes

import tf1_hessian as th

tf.disable_eager_execution()

# Grade point average, score of a test, whether taught in the new way, whether the grade rose.
STUDENTS = np.array("""
2.66 20 0 0  2.89 22 0 0  3.28 24 0 0  2.92 12 0 0  4.00 21 0 1  2.86 17 0 0  2.76 17 0 0  2.87 21 0 0
3.03 25 0 0  3.92 29 0 1  2.63 20 0 0  3.32 23 0 0  3.57 23 0 0  3.26 25 0 1  3.53 26 0 0  2.74 19 0 0
2.75 25 0 0  2.83 19 0 0  3.12 23 1 0  3.16 25 1 1  2.06 22 1 0  3.62 28 1 1  2.89 14 1 0  3.51 26 1 0
3.54 24 1 1  2.83 27 1 1  3.39 17 1 1  2.67 24 1 0  3.65 21 1 1  4.00 23 1 1  3.10 21 1 0  2.39 19 1 1
""".split(), float).reshape(32, 4)
KEPT = {
    "logistic": [4.93132421, 1.26294108, 0.14155421, 1.06456425],
    "Poisson": [0.00403454, 0.00418900, 0.00396596, 0.00391609, 0.00430265],
    "negative binomial": [0.02023882, 0.02150517, 0.02126382, 0.02241238, 0.02389805, 0.01192713],
}


def designs():
    """{model: (inputs with a column of ones, outcomes)}"""
    patients, progression = load_diabetes(return_X_y=True)
    patients = np.column_stack([np.ones(len(patients)), patients[:, :4] / patients[:, :4].std(0)])
    students = np.column_stack([np.ones(32), STUDENTS[:, :3]])
    return {"logistic": (students, STUDENTS[:, 3]), "Poisson": (patients, progression),
            "negative binomial": (patients, progression)}


def negative_log_likelihood(model, inputs, outcomes):
    """(sum over observations, variables to fit by, parameters: the dispersion is fitted by its logarithm)"""
    with tf.variable_scope(model.replace(" ", "_")):
        start = np.zeros(inputs.shape[1])
        start[0] = 0 if model == "logistic" else np.log(outcomes.mean())
        beta = tf.get_variable("beta", start.shape, tf.float64, tf.constant_initializer(start))
        linear = tf.reduce_sum(inputs * beta, 1)
        if model == "logistic":
            losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(outcomes), logits=linear)
            return tf.reduce_sum(losses), [beta], [beta]
        if model == "Poisson":
            return tf.reduce_sum(tf.exp(linear) - outcomes * linear + tf.lgamma(outcomes + 1)), [beta], [beta]
        log_alpha = tf.get_variable("log_alpha", [], tf.float64, tf.constant_initializer(-1.0))
        alpha = tf.exp(log_alpha, name="alpha")
        size, mean = 1 / alpha, tf.exp(linear)
        logs = (tf.lgamma(outcomes + size) - tf.lgamma(size) - tf.lgamma(outcomes + 1)
                - size * tf.log1p(alpha * mean) + outcomes * (linear + tf.log(alpha) - tf.log1p(alpha * mean)))
        return -tf.reduce_sum(logs), [beta, log_alpha], [beta, alpha]


def of_statsmodels(model, inputs, outcomes):
    """(its standard errors, whose they are)"""
    try:
        import statsmodels.api as sm
    except ImportError:
        return np.array(KEPT[model]), "kept numbers of statsmodels"
    kind = {"logistic": sm.Logit, "Poisson": sm.Poisson, "negative binomial": sm.NegativeBinomial}[model]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = kind(outcomes, inputs).fit(disp=0, method="newton", maxiter=200, tol=1e-12)
        return np.asarray(fitted.bse), "statsmodels"


def draw(found, path):
    figure, axes = panels(2, "Estimates and two standard errors to each side", width=8.5)
    shown = (("logistic", axes[0], BLUE, "o", 0), ("Poisson", axes[1], ORANGE, "s", -0.1),
             ("negative binomial", axes[1], GREEN, "D", 0.1))
    for model, ax, colour, marker, shift in shown:
        estimates, errors = found[model].estimates[0][1:], found[model].standard_errors[0][1:]
        ax.errorbar(estimates, np.arange(len(estimates)) + shift, xerr=2 * errors, fmt=marker, color=colour, capsize=4,
                    label=model)
    for ax, names, title in ((axes[0], ["grade average", "test score", "new way"], "grade rose (log odds per unit)"),
                             (axes[1], ["age", "sex", "mass index", "pressure"], "progression (log per deviation)")):
        ax.axvline(0, color="0.4", linewidth=1)
        ax.set(title=title, yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
        ax.set_xlabel("coefficient")
        ax.legend(fontsize=9)
    save(figure, path)


def main():
    output = parser(__doc__.splitlines()[0]).parse_args().output
    found = {}
    with tf.Session() as session:
        for model, (inputs, outcomes) in designs().items():
            nll, variables, parameters = negative_log_likelihood(model, inputs, outcomes)
            session.run(tf.global_variables_initializer())
            th.scipy_objective(nll, variables).minimize("trust-exact", options={"gtol": 1e-8})
            found[model] = th.standard_errors(nll, parameters)
            errors = np.sqrt(np.diag(found[model].covariance))
            other, whose = of_statsmodels(model, inputs, outcomes)
            print("%s regression\n%s" % (model, found[model]))
            # Releases of scikit-learn keep the patients to different digits: kept numbers agree to 1e-4.
            print("%s, largest relative difference from %s: %.1e" % (model, whose, np.abs(errors / other - 1).max()))
    wider = found["negative binomial"].standard_errors[0] / found["Poisson"].standard_errors[0]
    print("standard errors, negative binomial / Poisson: %.1f to %.1f" % (wider.min(), wider.max()))
    draw(found, os.path.join(output, "glm_standard_errors.png"))


if __name__ == "__main__":
    main()
