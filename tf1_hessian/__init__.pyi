# The public interface, for editors and type checkers; tests/test_public_api.py compares it with the code.
# Tensors, variables and sessions are Any: TensorFlow has no types that hold from 1.13 to today.
import os
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Type,
    TypeVar,
    Union,
)

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.linalg import LinearOperator

from tf1_hessian import plots as plots
from tf1_hessian import tensorboard as tensorboard
from tf1_hessian import tf2 as tf2

__version__: str
__all__: List[str]

# A tensor or variable, its name, or a list, tuple or dict of these; results have its structure.
Structure = Any
FeedDict = Mapping[Any, Any]
Path = Union[str, os.PathLike]
Progress = Union[bool, Callable[..., Any], None]
Memory = Union[int, float, str, None]
Self = TypeVar("Self")

# Hessians

def hessian_diag(
    loss: Any, xs: Structure, *, per_example: bool = False, engine: str = "auto", chunk_size: Optional[int] = None,
    precision: Optional[str] = None, verify: str = "first", max_columns: Optional[int] = None,
    max_bytes: Optional[float] = None, jit: Union[bool, str] = False, memory_limit: Memory = None,
    devices: Union[str, Sequence[str], None] = None, name: Optional[str] = None) -> Structure: ...
def hessian(
    loss: Any, xs: Structure, *, engine: str = "auto", chunk_size: Optional[int] = None, flat: bool = False,
    other: Structure = None, precision: Optional[str] = None, verify: str = "first", max_columns: Optional[int] = None,
    max_bytes: Optional[float] = None, jit: Union[bool, str] = False, memory_limit: Memory = None,
    devices: Union[str, Sequence[str], None] = None, name: Optional[str] = None) -> Structure: ...
def hvp(
    loss: Any, xs: Structure, vectors: Structure, name: Optional[str] = None, *,
    precision: Optional[str] = None) -> Structure: ...
def hessians(
    ys: Any, xs: Any, name: str = "hessians", colocate_gradients_with_ops: bool = False,
    gate_gradients: bool = False, aggregation_method: Optional[int] = None) -> List[Any]: ...
def plan(
    loss: Any, xs: Structure, quantity: str = "diag", *, per_example: bool = False, engine: str = "auto",
    chunk_size: Optional[int] = None, other: Structure = None, flat: bool = False, precision: Optional[str] = None,
    verify: str = "first", max_columns: Optional[int] = None, max_bytes: Optional[float] = None,
    pattern: Union["SparsityPattern", Any, None] = None, coloring: Union["Coloring", Any, None] = None,
    max_seconds: Optional[float] = None, jit: Union[bool, str] = False, memory_limit: Memory = None,
    devices: Union[str, Sequence[str], None] = None) -> Any: ...

# Sparse Hessians

def sparse_hessian(
    loss: Any, xs: Structure, *, pattern: Union["SparsityPattern", Any, None] = None,
    coloring: Union["Coloring", Any, None] = None, chunk_size: Optional[int] = None, precision: Optional[str] = None,
    verify: str = "first", max_columns: Optional[int] = None, max_bytes: Optional[float] = None,
    max_seconds: Optional[float] = None, jit: Union[bool, str] = False, memory_limit: Memory = None,
    devices: Union[str, Sequence[str], None] = None, name: Optional[str] = None) -> "SparseHessian": ...
def hessian_sparsity(
    loss: Any, xs: Structure, *, feed_dict: Optional[FeedDict] = None,
    max_seconds: Optional[float] = None) -> "SparsityPattern": ...

# Row by row

def laplacian(
    ys: Any, x: Any, *, engine: str = "auto", chunk_size: Optional[int] = None, precision: Optional[str] = None,
    max_columns: Optional[int] = None, max_bytes: Optional[float] = None, jit: Union[bool, str] = False,
    memory_limit: Memory = None, name: Optional[str] = None) -> Any: ...
def batch_hessian_diag(
    ys: Any, x: Any, *, engine: str = "auto", chunk_size: Optional[int] = None, precision: Optional[str] = None,
    max_columns: Optional[int] = None, max_bytes: Optional[float] = None, jit: Union[bool, str] = False,
    memory_limit: Memory = None, name: Optional[str] = None) -> Any: ...
def batch_hessian(
    ys: Any, x: Any, *, engine: str = "auto", chunk_size: Optional[int] = None, precision: Optional[str] = None,
    max_columns: Optional[int] = None, max_bytes: Optional[float] = None, jit: Union[bool, str] = False,
    memory_limit: Memory = None, name: Optional[str] = None) -> Any: ...

# First derivatives and rewritten losses

def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, stop_gradients: Any = None, name: Optional[str] = None) -> List[Any]: ...
def rewrite(loss: Any, replacements: Any, name: Optional[str] = None) -> Any: ...
def rewrite_on_slices(loss: Any, x: Any, name: Optional[str] = None) -> Tuple[Any, Any]: ...

# Numbers

def evaluate(fetches: Structure, feed_dict: Optional[FeedDict] = None, session: Any = None) -> Structure: ...
def stream(
    value: Structure, batches: Iterable[Any], session: Any = None, *, weight: Any = None, reduce: str = "mean",
    progress: Progress = None, checkpoint: Optional[Path] = None, every: Union[int, float, None] = None,
    executor: Any = None) -> Structure: ...
def check(result: Any, session: Any = None, feed_dict: Optional[FeedDict] = None, seed: int = 0) -> "Check": ...
def diagnose(loss: Any, xs: Structure) -> "Diagnosis": ...

# From disk, and from one TensorFlow to another

def load_model(
    path: Path, loss: Optional[str] = None, sources: Any = None, checkpoint: Optional[Path] = None, *,
    tags: Sequence[str] = ("serve",)) -> "Model": ...
def parity(
    session_side: Any, tf2_side: Any, feeds: Optional[FeedDict] = None, rtol: Optional[float] = None, *,
    names: Optional[Mapping[str, Any]] = None, products: int = 2, seed: int = 0, keep_weights: bool = False) -> Any: ...
def record(
    path: Path, loss: Any, variables: Sequence[Any], session: Any = None, feeds: Optional[FeedDict] = None, *,
    products: int = 2, seed: int = 0) -> Path: ...

# scipy, standard errors, estimates

def scipy_objective(
    loss: Any, variables: Structure, session: Any = None, feeds: Any = None, *, weight: Any = None,
    reduce: str = "mean", precision: Optional[str] = None, dense: bool = False) -> Any: ...
def standard_errors(
    nll: Any, variables: Structure, session: Any = None, feeds: Any = None, *, weight: Any = None,
    reduce: str = "sum", precision: Optional[str] = None, tolerance: float = 0.1) -> "StandardErrors": ...
def estimate_diag(
    loss: Any, xs: Structure = None, *, session: Any = None, feeds: Any = None, method: str = "hutchinson",
    samples: int = 30, tolerance: Optional[float] = None, max_samples: int = 1000,
    coloring: Optional["Coloring"] = None, seed: int = 0, weight: Any = None, reduce: str = "mean",
    precision: Optional[str] = None) -> "Estimate": ...
def estimate_trace(
    loss: Any, xs: Structure = None, *, session: Any = None, feeds: Any = None, method: str = "hutchinson",
    samples: int = 30, tolerance: Optional[float] = None, max_samples: int = 1000,
    coloring: Optional["Coloring"] = None, seed: int = 0, weight: Any = None, reduce: str = "mean",
    precision: Optional[str] = None) -> "Estimate": ...
def eigenvalues(
    loss: Any, xs: Structure = None, *, k: int = 6, which: str = "LM", session: Any = None, feeds: Any = None,
    tolerance: Optional[float] = None, max_iterations: Optional[int] = None, seed: int = 0, weight: Any = None,
    reduce: str = "mean", precision: Optional[str] = None) -> "Eigenpairs": ...
def spectral_density(
    loss: Any, xs: Structure = None, *, session: Any = None, feeds: Any = None, samples: int = 10, steps: int = 64,
    width: Optional[float] = None, grid: Optional[np.ndarray] = None, points: int = 500,
    tolerance: Optional[float] = None, max_samples: int = 100, seed: int = 0, weight: Any = None,
    reduce: str = "mean", precision: Optional[str] = None) -> "SpectralDensity": ...

# What the calls give

class HessianPlan:
    quantity: str
    n: int
    engine: str
    chunk_size: int
    cost: Any
    sources: Sequence[Any]
    reasons: Tuple[str, ...]
    def build(self, name: Optional[str] = None) -> Structure: ...
    def tensors(self) -> List[Any]: ...
    def verify(self, session: Any = None, feed_dict: Optional[FeedDict] = None) -> List[Any]: ...

class RowPlan:
    quantity: str
    n: int
    outputs: Optional[int]
    engine: str
    columns: int
    chunk_size: int
    gradients: float
    bytes: float
    ops: int
    reasons: Tuple[str, ...]
    def build(self, name: Optional[str] = None) -> Any: ...
    def tensors(self) -> List[Any]: ...

class Diagnosis:
    n: int
    sources: Sequence[Any]
    ops: Tuple[Any, ...]
    warnings: Tuple[str, ...]
    upstream: Tuple[Any, ...]
    hints: Tuple[str, ...]
    @property
    def refused(self) -> Any: ...
    def plan(self, quantity: str = "diag", **options: Any) -> HessianPlan: ...

class Check(NamedTuple):
    error: float
    bound: float
    scale: float
    directions: int
    @property
    def ok(self) -> bool: ...

class SparseHessian:
    values: Any
    pattern: "SparsityPattern"
    coloring: "Coloring"
    columns: int
    def as_fetches(self) -> Any: ...
    def as_sparse_tensor(self) -> Any: ...
    def evaluated(self, values: Any) -> csr_matrix: ...

class SparsityPattern:
    def __init__(self, entries: Any) -> None: ...
    @classmethod
    def from_pairs(cls: Type[Self], rows: Any, cols: Any, n: int) -> Self: ...
    @classmethod
    def of_size(cls: Type[Self], entries: Any, n: int) -> Self: ...
    @classmethod
    def load(cls: Type[Self], path: Path) -> Self: ...
    def save(self, path: Path) -> None: ...
    @property
    def n(self) -> int: ...
    @property
    def nnz(self) -> int: ...
    @property
    def density(self) -> float: ...
    @property
    def rows(self) -> np.ndarray: ...
    @property
    def cols(self) -> np.ndarray: ...
    @property
    def starts(self) -> np.ndarray: ...
    def adjacency(self) -> csr_matrix: ...
    def contains(self, other: "SparsityPattern") -> bool: ...
    def to_scipy(self) -> csr_matrix: ...
    def __len__(self) -> int: ...

class Coloring:
    colors: np.ndarray
    kind: str
    how: str
    lower_bound: int
    def __init__(
        self, pattern: Any, colors: Any, kind: str = "star", how: str = "given",
        lower_bound: Optional[int] = None) -> None: ...
    @classmethod
    def of(
        cls: Type[Self], pattern: Any, kind: str = "star", order: str = "auto",
        shape: Optional[Sequence[int]] = None) -> Self: ...
    @property
    def number(self) -> int: ...
    def is_valid_for(self, pattern: SparsityPattern) -> bool: ...
    def __len__(self) -> int: ...

class ColumnFeed:
    n: int
    chunk_size: int
    dtype: np.dtype
    def __init__(
        self, loss: Any, xs: Structure, *, diag: bool = False, chunk_size: Optional[int] = None,
        precision: Optional[str] = None, memory_limit: Memory = None, name: Optional[str] = None) -> None: ...
    def identity(self, session: Any, feed_dict: Optional[FeedDict] = None) -> Dict[str, str]: ...
    def rows(
        self, start: int, stop: int, session: Any = None, feed_dict: Optional[FeedDict] = None) -> np.ndarray: ...
    def run(
        self, path: Path, session: Any = None, feed_dict: Optional[FeedDict] = None, *, progress: Progress = None,
        every: Union[int, float, None] = None, executor: Any = None, recipe: Any = None) -> np.ndarray: ...

class GraphRecipe:
    def __init__(self, meta: Path, checkpoint: Optional[Path], value: Any, weight: Any = None) -> None: ...
    def __call__(self) -> Any: ...

class Model:
    kind: str
    path: str
    checkpoint: Optional[str]
    files: Tuple[str, ...]
    written_by: Optional[str]
    signatures: Any
    graph: Any
    session: Any
    loss: Any
    sources: Dict[str, Any]
    placeholders: Dict[str, Any]
    def tensor(self, name: str) -> Any: ...
    def feeds(self, arrays: Any, *, allow_nan: bool = False) -> Dict[Any, np.ndarray]: ...
    def close(self) -> None: ...
    def __enter__(self: Self) -> Self: ...
    def __exit__(self, *failure: Any) -> None: ...

class HessianOperator(LinearOperator):
    def __init__(
        self, loss: Any, xs: Structure, session: Any = None, feeds: Any = None, *, weight: Any = None,
        reduce: str = "mean", precision: Optional[str] = None) -> None: ...
    def pack(self, values: Structure) -> np.ndarray: ...
    def unpack(self, vector: np.ndarray) -> Structure: ...
    def refuse_draws(self) -> None: ...

class HessianHook:
    def __init__(
        self, loss: Any, xs: Structure, *, quantity: str = "diag", every_steps: Optional[int] = None,
        every_secs: Optional[float] = None, feed_dict: Optional[FeedDict] = None, summary_dir: Optional[Path] = None,
        writer: Any = None, out: Optional[Path] = None, callback: Optional[Callable[..., Any]] = None,
        tag: str = "hessian", **options: Any) -> None: ...

class StandardErrors(NamedTuple):
    estimates: Structure
    standard_errors: Structure
    covariance: np.ndarray
    correlation: np.ndarray
    names: Any
    decrement: float

class Estimate(NamedTuple):
    value: Any
    standard_error: Any
    samples: int
    products: int
    method: str
    def interval(self, level: float = 0.95) -> Any: ...

class Eigenpairs(NamedTuple):
    values: np.ndarray
    vectors: Any
    errors: np.ndarray
    products: int
    which: str

class SpectralDensity(NamedTuple):
    grid: np.ndarray
    density: np.ndarray
    standard_error: np.ndarray
    width: float
    nodes: np.ndarray
    weights: np.ndarray
    n: int
    products: int
    @property
    def samples(self) -> int: ...
    def mean_of(self, function: Callable[[np.ndarray], np.ndarray]) -> Any: ...

# Errors

class CheckpointError(ValueError): ...
class NoDerivativeError(LookupError): ...
class NoSecondDerivativeError(NoDerivativeError): ...
class LostDerivativeError(LookupError): ...
class NotSeparableError(ValueError): ...
class VerificationError(ArithmeticError): ...
