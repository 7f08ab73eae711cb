"""Row sums are not the diagonal: the second derivatives of prod(f**2 - 3 f + 1) with respect to each element of f.

tf.gradients twice gives the row sums of the Hessian, often taken for its diagonal, and tf.gradients by f[0] gives None:
f[0] is a new op that the loss never reads (tensorflow#9204).
"""
import numpy as np
import tensorflow.compat.v1 as tf

import tf1_hessian as th

tf.disable_eager_execution()

POINT = [1.0, 2.0, 0.0]


def main():
    f = tf.placeholder(tf.float32, [3], name="f")
    loss = tf.reduce_prod(f ** 2 - 3 * f + 1)

    gradient = tf.gradients(loss, f)[0]
    row_sums = tf.gradients(gradient, f)[0]
    by_element = tf.gradients(loss, f[0])[0]

    print(th.plan(loss, f))
    print(th.plan(loss, f, "full"))
    fetches = {
        "row sums": row_sums, "diagonal": th.hessian_diag(loss, f), "hessian": th.hessian(loss, f), "loss": loss,
    }
    with tf.Session() as session:
        values = th.evaluate(fetches, {f: POINT}, session)

    print("loss at %s: %g" % (POINT, values["loss"]))
    print("tf.gradients by f[0]:     %s" % by_element)
    print("tf.gradients twice:       %s   the row sums of the Hessian" % values["row sums"].tolist())
    print("th.hessian_diag:          %s" % values["diagonal"].tolist())
    print("th.hessian:               %s" % values["hessian"].tolist())
    print("row sums of th.hessian:   %s" % np.sum(values["hessian"], axis=1).tolist())


if __name__ == "__main__":
    main()
