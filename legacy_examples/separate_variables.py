"""Separate scalar variables: zero where tf.gradients says None and tf.hessians raises.

For x**2 + y**2 the gradient by x, 2 x, never reads y, so tf.gradients(tf.gradients(loss, x)[0], y) is None. For a
variable that enters linearly tf.hessians raises. Both second derivatives are zero, and a matrix needs the zeros.
"""
import tensorflow.compat.v1 as tf

import tf1_hessian as th

tf.disable_eager_execution()


def refusal_of_hessians(loss, x):
    """What tf.hessians raises, as text."""
    try:
        return str(tf.hessians(loss, x))
    except ValueError as error:
        return "ValueError: " + str(error).splitlines()[0]


def main():
    x = tf.get_variable("x", initializer=3.0)
    y = tf.get_variable("y", initializer=-2.0)
    z = tf.get_variable("z", initializer=7.0)

    squares = x ** 2 + y ** 2
    gradient = tf.gradients(squares, x)[0]
    gradient_by_y = tf.gradients(gradient, y)[0]

    crossed = x ** 2 * y + 5 * z
    refusal = refusal_of_hessians(crossed, z)

    fetches = {
        "gradient by y": th.gradients(gradient, y)[0],
        "squares": th.hessian(squares, [x, y], flat=True),
        "z": th.hessian(crossed, z),
        "blocks": th.hessian(crossed, {"x": x, "y": y, "z": z}),
        "crossed": th.hessian(crossed, [x, y, z], flat=True),
    }
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        values = th.evaluate(fetches)

    print("x**2 + y**2 at x = 3, y = -2")
    print("  tf.gradients of dL/dx by y:  %s" % gradient_by_y)
    print("  th.gradients of dL/dx by y:  %s" % values["gradient by y"])
    print("  th.hessian by [x, y]:        %s" % values["squares"].tolist())
    print("x**2 y + 5 z at x = 3, y = -2, z = 7")
    print("  tf.hessians by z:            %s" % refusal)
    print("  th.hessian by z:             %s" % values["z"])
    print("  d2L/dx dy and d2L/dx dz:     %s, %s" % (values["blocks"]["x"]["y"], values["blocks"]["x"]["z"]))
    print("  th.hessian by [x, y, z]:     %s" % values["crossed"].tolist())


if __name__ == "__main__":
    main()
