"""What the pruning examples share: the images, training, pruning by saliency and by magnitude, tables and pictures."""
import collections
import time

import numpy as np
import tensorflow.compat.v1 as tf
from matplotlib.figure import Figure
from pictures import parser, save
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import tf1_hessian as th

WEIGHT_DECAY = 1e-4
PIXELS, CLASSES = 64, 10
PERCENTS = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95)

Images = collections.namedtuple("Images", "train test")
Model = collections.namedtuple("Model", "images labels weights loss accuracy gradient start step load")
Trained = collections.namedtuple("Trained", "weights gradient diagonal loss accuracy")


def load_images():
    """(pixels in 0..1, digits) for training and for testing."""
    digits = load_digits()
    pixels, labels = (digits.data / 16).astype(np.float32), digits.target
    train, test, train_labels, test_labels = train_test_split(
        pixels, labels, test_size=500, random_state=0, stratify=labels)
    return Images((train, train_labels), (test, test_labels))


def dense(name, inputs, width, outputs, seed):
    """A dense layer and its variables."""
    with tf.variable_scope(name):
        weights = tf.get_variable("weights", [width, outputs], initializer=tf.glorot_uniform_initializer(seed=seed))
        bias = tf.get_variable("bias", [outputs], initializer=tf.zeros_initializer())
    return tf.matmul(inputs, weights) + bias, [weights, bias]


def build_model(network, steps):
    """The loss of a network, a function of the images that gives (logits, variables), and what trains it."""
    images = tf.placeholder(tf.float32, [None, PIXELS], name="images")
    labels = tf.placeholder(tf.int64, [None], name="labels")
    logits, weights = network(images)
    entropy = tf.nn.softmax_cross_entropy_with_logits_v2(labels=tf.one_hot(labels, CLASSES), logits=logits)
    decay = WEIGHT_DECAY * tf.add_n([tf.nn.l2_loss(w) for w in weights if w.shape.ndims > 1])
    loss = tf.add(tf.reduce_mean(entropy), decay, name="loss")
    accuracy = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32))
    done = tf.train.get_or_create_global_step()
    rate = tf.train.exponential_decay(0.02, done, steps // 10, 0.6)
    step = tf.train.AdamOptimizer(rate).minimize(loss, global_step=done)
    given = [tf.placeholder(tf.float32, w.shape) for w in weights]
    load = (given, [tf.assign(w, g) for w, g in zip(weights, given)])
    start = tf.global_variables_initializer()
    return Model(images, labels, weights, loss, accuracy, tf.gradients(loss, weights), start, step, load)


def feed(model, examples):
    return {model.images: examples[0], model.labels: examples[1]}


def flat(arrays):
    """All weights in one vector."""
    return np.concatenate([np.ravel(a) for a in arrays])


def assign(session, model, vector):
    """Gives the weights the values of one vector."""
    given, operations = model.load
    ends = np.cumsum([g.shape.num_elements() for g in given])[:-1]
    parts = [part.reshape(g.shape.as_list()) for part, g in zip(np.split(vector, ends), given)]
    session.run(operations, dict(zip(given, parts)))


def train(session, model, images, steps):
    """From new initial weights each time: the random ops of the initializers go on where they were."""
    session.run(model.start)
    for _ in range(steps):
        session.run(model.step, feed(model, images.train))


def plan_diagonal(model):
    started = time.time()
    plan = th.plan(model.loss, model.weights)
    diagonal = plan.build()
    print("%s\nplanned and built in %.1f s" % (plan, time.time() - started))
    return diagonal


def measure(session, model, diagonal, images):
    """(Trained, seconds): loss, gradient, diagonal on all training images in one session call; the test accuracy."""
    started = time.time()
    fetches = {"weights": model.weights, "gradient": model.gradient, "diagonal": diagonal, "loss": model.loss}
    values = th.evaluate(fetches, feed(model, images.train), session)
    seconds = time.time() - started
    accuracy = session.run(model.accuracy, feed(model, images.test))
    return Trained(accuracy=accuracy, **values), seconds


def check(session, model, images, trained, index):
    """Prints one entry of the diagonal beside a central difference of tf.gradients' gradient."""
    width = 0.01
    step = np.zeros(flat(trained.weights).size, np.float32)
    step[index] = width
    ends = []
    for moved in (flat(trained.weights) + step, flat(trained.weights) - step):
        assign(session, model, moved)
        ends.append(flat(session.run(model.gradient, feed(model, images.train)))[index])
    assign(session, model, flat(trained.weights))
    print("  weight %d: th.hessian_diag %.6e, finite difference %.6e" % (
        index, flat(trained.diagonal)[index], (ends[0] - ends[1]) / (2 * width)))


def check_two(session, model, images, trained):
    print("check on the last network: a random weight, and the one of the largest entry")
    for index in (np.random.RandomState(0).randint(saliencies(trained).size), flat(trained.diagonal).argmax()):
        check(session, model, images, trained, index)


def saliencies(trained):
    """The predicted rise of the loss for each weight, if it alone is deleted."""
    return flat(trained.diagonal) * flat(trained.weights) ** 2 / 2


def prune(session, model, images, trained, scores):
    """Deletes the lowest scores first; a row (test accuracy, rise of the loss, predicted rise) for each of PERCENTS.

    Biases stay, as usual in pruning. The trained weights are put back at the end.
    """
    candidates = np.flatnonzero(flat([np.full(w.shape, w.ndim > 1) for w in trained.weights]))
    order = candidates[np.argsort(scores[candidates], kind="stable")]
    rows = []
    for percent in PERCENTS:
        lost = order[:int(round(order.size * percent / 100.0))]
        kept = flat(trained.weights)
        kept[lost] = 0
        assign(session, model, kept)
        accuracy = session.run(model.accuracy, feed(model, images.test))
        loss = session.run(model.loss, feed(model, images.train))
        rows.append((accuracy, loss - trained.loss, saliencies(trained)[lost].sum()))
    assign(session, model, flat(trained.weights))
    return np.array(rows)


def print_network(number, trained, seconds):
    diagonal = flat(trained.diagonal)
    print("network %d: loss %.4f, |gradient| %.1e, test accuracy %.1f %%" % (
        number, trained.loss, np.linalg.norm(flat(trained.gradient)), 100 * trained.accuracy))
    print("  %d entries in %.0f ms, %d of them negative" % (diagonal.size, 1e3 * seconds, np.sum(diagonal < 0)))


def print_table(obd, magnitude):
    """Means over the networks (first axis)."""
    print("weights     test accuracy, %        rise of the training loss")
    print("deleted     OBD    magnitude     OBD, predicted   OBD, true   magnitude, true")
    for percent, o, m in zip(PERCENTS, obd.mean(0), magnitude.mean(0)):
        print("%5d %%  %7.1f  %11.1f  %17.1e  %10.1e  %16.1e" % (percent, 100 * o[0], 100 * m[0], o[2], o[1], m[1]))


def listed(chosen):
    """The percentages where `chosen` is true."""
    return ", ".join(str(p) for p, yes in zip(PERCENTS, chosen) if yes) or "no"


def print_verdict(obd, magnitude):
    """Which way is better where, and how far the prediction holds, from the numbers of this run."""
    lead = 100 * (obd - magnitude).mean(0)[:, 0]
    _, rise, predicted = obd.mean(0).T
    gap = magnitude.mean(0)[:, 1] - rise
    print("the loss rises less by OBD at %s %%, by magnitude at %s %% (gaps over 1e-6)" % (
        listed(gap > 1e-6), listed(gap < -1e-6)))
    print("the test accuracy is over 0.5 points better by OBD at %s %%, by magnitude at %s %%" % (
        listed(lead > 0.5), listed(lead < -0.5)))
    print("OBD predicts less than half of the true rise at %s %%: the expansion holds for small changes, and its "
          "diagonal takes each weight as deleted alone" % listed(rise > 2 * predicted))


def race(network, networks, steps, is_smooth=True):
    """Trains networks and prunes them both ways; prints figures. (Model, last Trained, rows by OBD, by magnitude).

    is_smooth: whether finite differences tell something; those of ReLU and max pooling run over kinks.
    """
    images, model = load_images(), build_model(network, steps)
    print("%d images to train with, %d to test with" % (len(images.train[0]), len(images.test[0])))
    diagonal = plan_diagonal(model)
    obd, magnitude = [], []
    with tf.Session() as session:
        for number in range(1, networks + 1):
            train(session, model, images, steps)
            trained, seconds = measure(session, model, diagonal, images)
            print_network(number, trained, seconds)
            obd.append(prune(session, model, images, trained, saliencies(trained)))
            magnitude.append(prune(session, model, images, trained, np.abs(flat(trained.weights))))
        if is_smooth:
            check_two(session, model, images, trained)
    obd, magnitude = np.array(obd), np.array(magnitude)
    print_table(obd, magnitude)
    print_verdict(obd, magnitude)
    return model, trained, obd, magnitude


def draw_pruning(obd, magnitude, network, path):
    """Test accuracy and loss by weights deleted: the mean over the networks (first axis) and their range."""
    figure = Figure(figsize=(11.5, 4.8), dpi=150, constrained_layout=True)
    left, right = figure.subplots(1, 2)
    fractions = np.array(PERCENTS) / 100.0
    th.plots.pruning_curve(fractions, {
        "Optimal Brain Damage: $H_{ii} w_i^2 / 2$": 100 * obd[:, :, 0], "magnitude: $|w_i|$": 100 * magnitude[:, :, 0],
    }, ylabel="test accuracy (%)", ax=left)
    left.axhline(100.0 / CLASSES, color="0.5", linestyle=":", label="guessing")
    left.set_ylim(0, 102)
    left.legend()
    th.plots.pruning_curve(fractions, {
        "Optimal Brain Damage": obd[:, :, 1], "magnitude": magnitude[:, :, 1],
        "Optimal Brain Damage, predicted by the diagonal": obd[:, :, 2],
    }, ylabel="rise of the training loss (nats per image)", scale="log", ax=right)
    right.set_ylim(1e-6, 2e3)
    right.legend(loc="upper left")
    figure.suptitle("Pruning a %s for digits, without training afterwards: mean and range of %d networks" % (
        network, len(obd)), fontsize=13)
    for axes in (left, right):
        axes.set_title("")
    save(figure, path)


def parse_arguments(description):
    found = parser(description)
    found.add_argument("--quick", action="store_true", help="two networks and fewer training steps")
    return found.parse_args()
