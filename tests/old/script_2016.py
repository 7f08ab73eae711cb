"""A script as it was written in 2016: multinomial regression, its Hessian row by row, and Newton's method. It prints
the diagonal of the Hessian, and the loss before and after."""
import sys

import numpy as np
import tensorflow as tf

sess = tf.InteractiveSession()
x = tf.placeholder(tf.float32, [None, 3], name="x")
labels = tf.placeholder(tf.float32, [None, 2])
w = tf.Variable(tf.zeros([3, 2]) + 0.1, name="w")
b = tf.Variable([0.2, -0.3], name="b")
logits = tf.matmul(x, w) + b
penalty = tf.contrib.layers.l2_regularizer(0.1)
cross_entropy = tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(logits, labels), reduction_indices=[0])
loss = tf.mul(cross_entropy, 0.5) + penalty(w) + penalty(b)
tf.scalar_summary("loss", loss)
tf.histogram_summary("w", w)
summaries = tf.merge_all_summaries()
writer = tf.train.SummaryWriter(sys.argv[1], sess.graph)


def hessian(loss, variables):
    """Row by row, as TensorFlow had no tf.hessians then."""
    gradients = [tf.reshape(g, [-1]) for g in tf.gradients(loss, variables)]
    rows = []
    for element in tf.unpack(tf.concat(0, gradients), num=sum(v.get_shape().num_elements() for v in variables)):
        row = [tf.reshape(r, [-1]) for r in tf.gradients(element, variables)]
        rows.append(tf.concat(0, row))
    return tf.pack(rows), tf.concat(0, gradients)


matrix, gradient = hessian(loss, [w, b])
step = tf.neg(tf.reshape(tf.matrix_solve(matrix, tf.expand_dims(gradient, 1)), [-1]))
to_w, to_b = tf.split(0, 4, step)[:3], tf.split(0, 4, step)[3:]
update = tf.group(w.assign_add(tf.reshape(tf.concat(0, to_w), [3, 2])), b.assign_add(to_b[0]))
random = np.random.RandomState(0)
feed = {x: random.randn(20, 3), labels: np.eye(2)[random.randint(2, size=20)]}
sess.run(tf.initialize_all_variables())
print("variables %s" % " ".join(v.op.name for v in tf.all_variables()))
print("sizes %d %d" % (w.get_shape()[0].value, w.get_shape()[1].value))
print("diagonal %s" % " ".join("%.6f" % d for d in np.diag(matrix.eval(feed))))
print("before %.6f" % loss.eval(feed))
for i in range(8):
    summary, _ = sess.run([summaries, update], feed)
    writer.add_summary(summary, i)
print("after %.6f" % loss.eval(feed))
print("gradient %.6f" % np.abs(gradient.eval(feed)).max())
sess.run(tf.initialize_variables([w, b]))
tf.contrib.opt.ScipyOptimizerInterface(loss, options={"maxiter": 100}).minimize(sess, feed_dict=feed)
print("scipy %.6f" % loss.eval(feed))
