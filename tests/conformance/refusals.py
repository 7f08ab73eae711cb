"""The engines that can't do a scenario, by TensorFlow version: exactly these refuse, so that a change is noticed."""
import collections

from scenario import VERSION

Refusal = collections.namedtuple("Refusal", "engine reason scenarios first last")
Refusal.__new__.__defaults__ = ((1, 13), (99, 0))
Refusal.__doc__ = "`engine` refuses `scenarios` in versions first .. last (both included); the error matches `reason`."

_TF2 = (2, 0)
_TF1 = (1, 15)
_OLD = (1, 14)
_OLDEST = (1, 13)

_CONDS = ["after_import_meta_graph_of_a_cond", "tf_layers_dropout"] + [
    "%s_%s" % (name, form) for form in ("v1", "v2") for name in (
        "case", "cond", "cond_nested", "cond_on_the_source", "cond_reads_ref_inside", "cond_reads_resource_inside",
        "cond_several_outputs", "cond_with_dropout_inside", "cond_with_dropout_of_the_source")]

_LIFTED = [
    "defun_in_a_loop", "dynamic_rnn_v2", "keras_simple_rnn_v2", "loop_counted_at_run_time_v1",
    "loop_counted_at_run_time_v2", "loop_counted_v2", "loop_that_ends_by_its_values_v1",
    "loop_that_ends_by_its_values_v2", "scan_v2"]

_SOLVES = ["cholesky_and_triangular_solve", "gaussian_process_likelihood", "log_determinant_and_inverse"]

REFUSALS = [
    Refusal("vectorized", "could not be unrolled|While|TensorList", _LIFTED),
    Refusal("slices", "custom gradient", ["custom_gradient"]),
    # pfor lets the image of a convolution vary, never its kernel.
    Refusal("vectorized", "loop invariant", [
        "average_pooling", "convolution_1d", "convolution_of_kernel", "keras_convolution_and_pooling", "max_pooling",
        "tf_layers_convolution", "transposed_convolution", "two_convolutions"]),
    Refusal("vectorized", "loop invariant", ["convolution_of_both"], first=_TF2),
    # Old pfor meets the gradients of kernel and image in no fixed order, and lays one of them in a loop.
    Refusal("vectorized", "a while loop of its own|loop invariant", ["convolution_of_both"], last=_TF1),
    Refusal("vectorized", "DepthwiseConv2dNative", ["depthwise_convolution"]),
    Refusal("vectorized", "DynamicStitch", ["array_dynamic_partition"]),
    Refusal("vectorized", "MirrorPad", ["array_mirror_pad"]),
    Refusal("vectorized", "ScatterNd", ["array_gather_nd", "array_top_k"], first=_TF2),
    Refusal("vectorized", "nested conditionals", [
        "case_v1", "case_v2", "cond_nested_v1", "cond_nested_v2", "switch_case_v1", "switch_case_v2"]),
    Refusal("vectorized", "Roll", ["array_reverse_and_roll"], last=(2, 4)),
    # What pfor learned in TF 2.
    Refusal("vectorized", "If.", _CONDS, last=_TF1),
    Refusal("vectorized", "ReverseV2", [
        "array_reduce_prod", "custom_gradient", "keras_embedding", "max_pooling_of_image", "root_function"], last=_TF1),
    Refusal("vectorized", "GatherNd", ["array_gather_nd", "array_top_k"], last=_TF1),
    Refusal("vectorized", "GatherNd", ["array_scatter_nd"], first=_TF1, last=_TF1),
    Refusal("vectorized", "FFT", ["fourier_filter", "fourier_power"], last=_TF1),
    Refusal("vectorized", "LeakyReluGrad", ["elementwise_piecewise"], last=_TF1),
    Refusal("vectorized", "int64", [
        "embedding_lookup_in_partitioned_ref", "embedding_lookup_in_partitioned_resource", "embedding_lookup_in_ref",
        "embedding_lookup_in_resource", "gather_from_ref", "gather_from_resource"], last=_TF1),
    Refusal("vectorized", "MatrixSolve", ["log_determinant_and_inverse"], first=_TF1, last=_TF1),
    # What it learned after 1.13 and 1.14.
    Refusal("vectorized", "MatrixTriangularSolve", _SOLVES, last=_OLDEST),
    Refusal("vectorized", "MatrixDiag", _SOLVES, first=_OLD, last=_OLD),
    Refusal("vectorized", "MatrixDiag", ["array_matrix_diag_part"], last=_OLD),
    Refusal("vectorized", "UnsortedSegmentSum", [
        "array_dynamic_stitch", "array_gather", "array_scatter_nd", "array_segment_mean",
        "array_segment_sum", "array_unsorted_segment_sum", "embedding_shared_with_output"], last=_OLD),
    Refusal("vectorized", "UnsortedSegmentSum", ["array_broadcast"], last=_OLDEST),
]


def refusal_of(engine, name):
    """The Refusal that applies on the installed TensorFlow, or None."""
    for refusal in REFUSALS:
        if refusal.engine == engine and name in refusal.scenarios and refusal.first <= VERSION <= refusal.last:
            return refusal
    return None
