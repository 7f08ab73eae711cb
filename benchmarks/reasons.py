"""Why races are lost: the first line that fits a lost figure stands in docs/benchmarks.md."""

__all__ = ["reason_of"]

# The figure ("steady", "first" for building with the first call, "peak_mb", "errors"), races, the beginnings of the
# names of rivals and of cases, and the reason.
_REASONS = [
    ("peak_mb", (), "", "",
     "Peak memory: TensorFlow with the model takes most of it before a Hessian is built, see the column *before*."),
    ("first", (), ("tf.hessians", "loop of tf.gradients"), "",
     "The first result, against TensorFlow's own: the Hessian is planned and rehearsed in a scratch graph, so that a "
     "refusal leaves yours as it was, and only then laid into it. It also pays once for what TensorFlow loads as the "
     "first derivatives are built, since ours is built first."),
    ("first", (), ("BackPACK", "torch.func", "curvlinops"), "",
     "The first result, against PyTorch: nothing is built there before it runs."),
    ("first", (), "JAX, our colours", "",
     "The first result, against JAX that is given our pattern and colours and does not have to find them."),
    ("first", (), "", "",
     "The first result, of small problems: XLA or CasADi compiles them in less time than TensorFlow's Python takes to "
     "plan, rehearse and make each op."),
    ("steady", (4, 5, 6), ("JAX", "asdex"), "",
     "Steady, sparse: XLA fuses chains of element-wise ops to loops that write no intermediate results, TensorFlow's "
     "kernels write each. `jit=True` has XLA do so here too; what is left is the cost of a session call."),
    ("steady", (6,), "CasADi", "",
     "Steady, sparse, CasADi: it works on scalars and computes what columns have in common once, with no cost of a "
     "call; it pays in the building."),
    ("steady", (7,), "loop of tf.gradients", "",
     "Steady, few inputs: with two or three tangents nested gradients are as little work as one forward and one "
     "adjoint sweep."),
    ("steady", (7,), "", "",
     "Steady, layers of 64: the products are small, so that passes over the activations count; XLA fuses tanh with its "
     "derivatives to one, TensorFlow takes one an op."),
    ("steady", (1,), "BackPACK", "",
     "Steady, ReLU: both take the same ten columns back through the net, and BackPACK takes its gradient along with "
     "them. What is left is the speed of kernels; ratios near one differ from run to run."),
    ("steady", (2,), "BackPACK", "",
     "Steady, LeNet: both take ten columns back through the same convolutions, and PyTorch's are as fast or faster."),
    ("steady", (8,), "curvlinops", "product, 10",
     "Ten products at once: curvlinops multiplies all in one pass over the batch, `HessianOperator` in a session call "
     "each."),
    ("steady", (8,), "curvlinops", "",
     "One product: the net is so small that a session call with its feeds takes as long as the work."),
    ("errors", (8,), "", "trace xtrace",
     "Errors of XTrace: ours draws normal vectors and curvlinops signs; the rest is chance, of the seeds."),
    ("errors", (8,), "", "", "Errors of estimates: the methods are the same; medians over seeds differ by chance."),
]


def reason_of(figure, race, rival, case):
    """The reason, or that none is known."""
    for known, races, rivals, cases, reason in _REASONS:
        if known == figure and (not races or race in races) and rival.startswith(rivals) and case.startswith(cases):
            return reason
    return "No reason is known yet."
