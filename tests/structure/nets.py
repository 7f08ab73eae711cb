"""The nets of the tests, each with the plan that is expected of it."""
import collections
import zlib

import tensorflow.compat.v1 as tf

from tests.structure import nets_dense, nets_layers, nets_shapes, nets_shared
from tests.structure.nets_dense import ACTIVATIONS, LOSSES, dense_net
from tests.structure.program import Program

__all__ = ["Net", "NETS"]

Net = collections.namedtuple("Net", "program engine columns options")
Net.__doc__ = """engine: of the expected plan, or several, "a|b". columns: as many at most. options: of th.plan."""

NETS = collections.OrderedDict()
# Nets whose first seed has a kink near by.
_MOVED = {"group_norm": 1, "relu_1_rows": 1}


def net(name, function, engine, columns, options=None, **program):
    """Adds a Net."""
    assert name not in NETS, name
    seed = zlib.crc32(name.encode("utf-8")) + _MOVED.get(name, 0)
    NETS[name] = Net(Program(name, function, seed=seed % 2 ** 32, **program), engine, columns, options or {})

def _units(depth):
    """Units of all layers: what one column for each unit would take."""
    return sum(nets_dense.HIDDEN[:depth]) + nets_dense.CLASSES


def _add_dense():
    """Each activation at some depth, each loss behind one layer or more."""
    losses = sorted(LOSSES)
    for i, activation in enumerate(ACTIVATIONS):
        _dense(1 + (i + 1) % 5, activation, losses.pop())
    for i, loss in enumerate(losses):
        _dense(1, ("tanh", "relu", "softplus")[i % 3], loss)


def _dense(depth, activation, loss):
    most = _units(depth)
    if activation == "relu" and loss != "huber":
        most = min(most, 2 * nets_dense.CLASSES)
    net("%s_%d_%s" % (activation, depth, loss), dense_net(depth, activation, loss), "structured", most)


_add_dense()
for _depth in (1, 3):
    net("flat_%d" % _depth, dense_net(_depth, "tanh", "softmax"), "structured", _units(_depth), flat=True)
net("fed_weights", dense_net(2, "softplus", "softmax_v2"), "structured", _units(2), kinds=("fed",))
net("partitioned", dense_net(2, "tanh", "sparse"), "structured", 11, kinds=("partitioned",))
net("all_kinds", dense_net(3, "tanh", "squares"), "structured", _units(3),
    kinds=("fed", "ref", "resource", "partitioned"))
net("wide", dense_net(3, "elu", "softmax"), "structured", _units(3), {"precision": "float64"}, single=True)

net("layer_norm", nets_layers.layer_norm(False), "structured", 11)
net("layer_norm_by_hand", nets_layers.layer_norm(True), "structured", 11)
net("batch_norm_inference", nets_layers.batch_norm(False), "structured", 8)
net("batch_norm_training", nets_layers.batch_norm(True), "mixed", 27)
net("embedding_tanh", nets_layers.embedding(tf.tanh), "structured", 10, kinds=("resource",))
net("embedding_relu", nets_layers.embedding(tf.nn.relu), "structured", 4, kinds=("ref",))
net("embedding_of_one", nets_layers.embedding(tf.tanh, ()), "structured", 6)
net("lenet_relu", nets_layers.lenet(tf.nn.relu), "structured", 6)
net("lenet_tanh", nets_layers.lenet(tf.tanh), "mixed", 27)
net("cnn_pooled_tanh", nets_layers.cnn(tf.tanh, flat=False), "structured", 7)
net("residual_cnn", nets_layers.residual_cnn(tf.nn.relu), "structured", 5)
net("depthwise", nets_layers.depthwise(tf.nn.relu), "structured", 6)
net("transposed_cnn", nets_layers.transposed_cnn(tf.nn.relu), "mixed|structured", 26)
net("group_norm", nets_layers.group_norm(tf.nn.relu), "mixed", 38)
net("attention_relu", nets_layers.attention(tf.nn.relu), "structured", 16)
net("attention_tanh", nets_layers.attention(tf.tanh, residual=False), "vectorized|mixed|structured", 42)
net("attention_heads", nets_layers.heads, "structured", 13)
net("gru_1", nets_layers.gru(1), "structured", 20)
net("gru_2", nets_layers.gru(2), "mixed", 56)
net("tied_autoencoder", nets_layers.tied_autoencoder, "structured", 13)
net("sequence_pooled", nets_layers.sequence(tf.nn.relu, pooled=True), "structured", 4)
net("sequence_pooled_tanh", nets_layers.sequence(tf.tanh, pooled=True), "structured", 5)
net("sequence_steps", nets_layers.sequence(tf.tanh, pooled=False), "structured", 6)
net("characters", nets_layers.character_net, "mixed|structured", 14)

net("normalized_images", nets_shared.normalized_images(tf.tanh), "structured", 6)
net("normalized_images_relu", nets_shared.normalized_images(tf.nn.relu), "structured", 4)
net("normalized_places", nets_shared.normalized_places(tf.tanh), "structured", 12)
net("normalized_groups", nets_shared.normalized_groups(tf.tanh), "structured", 6)
net("scaled_by_one", nets_shared.scaled_by_one(tf.nn.relu), "structured", 4)
net("words", nets_shared.words(tf.tanh), "structured", 6)
net("volumes", nets_shared.volumes(tf.tanh), "structured", 5)
net("depthwise_strided", nets_shared.depthwise_strided(tf.tanh), "structured", 5)
net("separable", nets_shared.separable(tf.nn.relu), "structured", 4)
net("transposed_tanh", nets_shared.transposed(tf.tanh), "structured", 5)
net("batched_matrix", nets_shared.batched_matrix(tf.tanh), "structured", 5)
net("mixer", nets_shared.mixer(tf.tanh), "structured|mixed", 10)
net("heads_by_einsum", nets_shared.heads_by_einsum(tf.nn.relu), "structured", 16)
net("time_first", nets_shared.time_first(tf.tanh), "structured", 6)

net("decay", nets_shapes.decayed, "structured", 16)
net("decay_flat", nets_shapes.decayed, "structured", 16, flat=True)
net("norm_penalty", nets_shapes.norm_penalty, "mixed", 14)
net("skip_tanh", nets_shapes.skipped(tf.tanh, concatenated=False), "structured", 13)
net("residual_1", nets_shapes.residual(1, tf.tanh), "structured", 7)
net("residual_2", nets_shapes.residual(2, tf.nn.softplus), "structured", 14)
net("concat_tanh", nets_shapes.skipped(tf.tanh, concatenated=True), "structured", 8)
net("concat_relu", nets_shapes.skipped(tf.nn.relu, concatenated=True), "structured", 4)
net("dropout_of_one_draw", nets_shapes.masked_by_fixed_draw, "structured", 9)
net("factors", nets_shapes.factors(False), "structured", 1)
net("shared_trunk", nets_shapes.shared_trunk, "structured", 11)
net("features_first", nets_shapes.features_first, "structured", 3)
net("left_weights", nets_shapes.left_weights, "structured|mixed", 22)
net("root_of_mean", nets_shapes.root(False), "structured", 4)
net("root_of_means", nets_shapes.root(True), "structured", 6)
net("centered_0", nets_shapes.centered(0), "structured", 8)
net("centered_1", nets_shapes.centered(1), "structured", 2)
net("inputs_tanh", nets_shapes.by_inputs(tf.tanh), "structured", 6)
net("inputs_relu", nets_shapes.by_inputs(tf.nn.relu), "structured", 2)
net("gradient_penalty", nets_shapes.gradient_penalty(tf.tanh), "structured", 16)
net("generalized_linear", nets_shapes.generalized, "structured", 1)
net("gates", nets_shapes.gates, "mixed", 10)
net("read_often", nets_shapes.read_often, "structured", 3)
net("mean_and_variance", nets_shapes.split_heads, "structured", 9)
net("own_gradient", nets_shapes.customized, "structured", 5)
net("pairs_of_rows", nets_shapes.pairs, "vectorized", None)
