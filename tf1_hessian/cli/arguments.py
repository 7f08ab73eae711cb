"""What can be written after `tf1-hessian`."""
import argparse
import os

from tf1_hessian import __version__, memory
from tf1_hessian.cli.failures import INPUT, Stop
from tf1_hessian.planner import ENGINES
from tf1_hessian.structure.verification import VERIFY

__all__ = ["parsed"]

_ABOUT = """Exact second derivatives of a loss in a saved TensorFlow 1 model.

MODEL is a checkpoint prefix with its .meta beside it, a .meta file, a folder of checkpoints (the latest is taken), a
SavedModel folder, or a frozen graph (.pb)."""

_EXAMPLES = """examples:
  tf1-hessian inspect run/model.ckpt-1000
  tf1-hessian plan run/model.ckpt-1000 --loss loss:0
  tf1-hessian diag run/model.ckpt-1000 --loss loss:0 --source dense/kernel --feeds examples.npz --out diag.npz
  tf1-hessian diag run/model.ckpt-1000 --loss loss:0 --feeds all.npz --batch-size 256 --resume --out diag.npz
  tf1-hessian hessian exported/ --loss nll:0 --source beta --feeds data.npz --out hessian.npz --plot hessian.png
  tf1-hessian spectrum run/model.ckpt-1000 --loss loss:0 --feeds examples.npz --out spectrum.npz --top 10
  tf1-hessian check run/model.ckpt-1000 --loss loss:0 --feeds examples.npz

exit codes:
  0    done, and what was checked is right
  1    refused: the loss has no exact second derivative here, a limit is passed, or a check found a difference
  2    a wrong flag, file, name or array; nothing was computed
  3    it failed while it ran: TensorFlow, memory, the disk, or a result that is not finite
  130  interrupted; with --resume what is finished is kept
No file is written unless the command succeeds, but OUT.*.resume of --resume, which goes when OUT is there."""

_BATCHES = """batches:
  With --batch-size N the arrays whose placeholder has an unknown first dimension are cut along it, N at a time; they
  must be equally long. All others are fed whole to each batch.
  --reduce mean (the default): the loss must be a MEAN over the examples of a batch, plus terms without examples such as
  weight decay; the result is the Hessian of the mean over all examples: batches count by their size.
  --reduce sum: the loss must be a SUM over the examples of a batch; the results of batches are added up. A term without
  examples would count once a batch: leave it out of the loss.
  Before the work a few examples are fed once and twice: a mean must not change, a sum must double (--trust-reduce).
  Either way an example must not depend on others of its batch (batch norm in training does).

"""

_RESUMED = """going on:
  --resume keeps every finished product with the Hessian, 8 bytes an element, also without --batch-size. The same
  command asks for the same products again, and takes them from the file: the result is that of one run. --top,
  --samples and --steps may have changed, and what serves them, too, is taken.

"""

_MORE = {"check": "", "spectrum": _BATCHES + _RESUMED}

_LINES = {
    "inspect": "inspect run/model.ckpt-1000 --loss loss:0",
    "plan": "plan run/model.ckpt-1000 --loss loss:0 --quantity full --source dense/kernel",
    "diag": "diag run/model.ckpt-1000 --loss loss:0 --feeds all.npz --batch-size 256 --resume --out diag.npz",
    "hessian": "hessian exported/ --loss nll:0 --source beta --feeds data.npz --out hessian.npz --plot hessian.png",
    "spectrum": "spectrum run/model.ckpt-1000 --loss loss:0 --feeds examples.npz --out spectrum.npz --top 10",
    "check": "check run/model.ckpt-1000 --loss loss:0 --feeds examples.npz --quantity full"}


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Stop(INPUT, "%s; see %s --help" % (message.rstrip("."), self.prog))


def parsed(argv):
    """The namespace of a command line. Stop for one that is wrong; SystemExit after --help and --version."""
    parser = _Parser("tf1-hessian", description=_ABOUT, epilog=_EXAMPLES, allow_abbrev=False,
                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action="version", version="tf1-hessian %s" % __version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    commands.required = True
    _inspect(_command(commands, "inspect", "what is in a model: losses, variables, placeholders; with --loss, what "
                      "stands in the way of second derivatives"))
    _plan(_command(commands, "plan", "how a Hessian would be computed, and at what cost; nothing is evaluated"))
    for name, text in (("diag", "the exact diagonal of the Hessian, an array in each source's shape"),
                       ("hessian", "the full Hessian"),
                       ("spectrum", "extreme eigenvalues, and the density of all, by products with vectors"),
                       ("check", "compare a diagonal or a Hessian with finite differences of the gradient")):
        _evaluated(_command(commands, name, text, _MORE.get(name, _BATCHES)), name)
    return _checked(parser.parse_args(argv))


def _command(commands, name, text, epilog=""):
    parser = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".",
                                 epilog=epilog + "example:\n  tf1-hessian " + _LINES[name], allow_abbrev=False,
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", metavar="MODEL", help="checkpoint prefix, .meta, SavedModel folder or frozen .pb")
    parser.add_argument("--checkpoint", metavar="PREFIX", help="another checkpoint than the one beside the .meta")
    parser.add_argument("--tags", default="serve", help="which graph of a SavedModel, separated by commas (serve)")
    parser.add_argument("--traceback", action="store_true", help="show where an error comes from")
    return parser


def _inspect(parser):
    _question(parser, is_required=False)


def _plan(parser):
    _question(parser)
    _options(parser)
    parser.add_argument("--quantity", choices=("diag", "full"), default="diag", help="of which Hessian (diag)")


def _question(parser, is_required=True):
    parser.add_argument("--loss", required=is_required, metavar="NAME", help="tensor of the loss, such as loss:0")
    parser.add_argument("--source", dest="sources", action="append", metavar="NAME", help=(
        "variable or tensor to differentiate with respect to; once for each (all trainable variables of the loss)"))


def _options(parser):
    group = parser.add_argument_group("how it is computed, as in th.hessian_diag")
    group.add_argument("--engine", choices=ENGINES, default="auto", help="(auto)")
    group.add_argument("--chunk-size", type=_count, metavar="N", help="columns at once")
    group.add_argument("--precision", choices=("float64",), help="compute a float32 model in float64")
    group.add_argument("--memory-limit", type=_memory, metavar="SIZE", help="such as '2 GB'")
    group.add_argument("--verify", choices=VERIFY, default="first",
                       help="when a structured result is compared with products (first)")
    group.add_argument("--max-columns", type=_count, metavar="N", help="refuse a plan that takes more")


def _evaluated(parser, name):
    _question(parser)
    parser.add_argument("--feeds", metavar="FILE.npz", help="arrays by placeholder name, \"x\" or \"x:0\"")
    parser.add_argument("--allow-nan", action="store_true", help="feed NaN, for losses that mask it themselves")
    if name == "check":
        _options(parser)
        parser.add_argument("--quantity", choices=("diag", "full"), default="diag", help="what to check (diag)")
        parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the directions that are tried (0)")
        return
    parser.add_argument("--out", required=True, metavar="FILE.npz",
                        help="where the result goes; replaced if it is there")
    parser.add_argument("--plot", metavar="FILE.png", help="a picture beside it (.png, .pdf, .svg); needs matplotlib")
    parser.add_argument("--batch-size", type=_count, metavar="N", help="see below")
    parser.add_argument("--reduce", choices=("mean", "sum"), default="mean", help="see below (mean)")
    parser.add_argument("--trust-reduce", action="store_true", help="do not compare the loss with --reduce before")
    if name == "spectrum":
        parser.add_argument("--precision", choices=("float64",), help="compute a float32 model in float64")
        parser.add_argument("--top", type=_count, default=6, metavar="K", help="eigenvalues of largest magnitude (6)")
        parser.add_argument("--samples", type=_count, default=10, metavar="N", help="random starts of the density (10)")
        parser.add_argument("--steps", type=_count, default=64, metavar="N", help="products for each start (64)")
        parser.add_argument("--seed", type=_seed, default=0, metavar="N", help="of the random starts (0)")
        parser.add_argument("--resume", action="store_true",
                            help="keep finished products in a file OUT.*.resume, and go on from there; see below")
        return
    _options(parser)
    parser.add_argument("--resume", action="store_true",
                        help="keep finished batches in a file OUT.*.resume, and go on from there")


def _count(text):
    found = _whole(text)
    if found is None or found < 1:
        raise argparse.ArgumentTypeError("%r is no whole number from 1 up" % text)
    return found


def _seed(text):
    found = _whole(text)
    if found is None or not 0 <= found < 2 ** 32:
        raise argparse.ArgumentTypeError("%r is no whole number from 0 to 2**32 - 1" % text)
    return found


def _whole(text):
    try:
        return int(text)
    except ValueError:
        return None


def _memory(text):
    text = int(text) if text.isdigit() else text
    try:
        memory.checked(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text


def _checked(given):
    """Raises where flags contradict each other."""
    if getattr(given, "resume", False) and given.batch_size is None and given.command != "spectrum":
        raise Stop(INPUT, "--resume goes on from finished batches: it needs --batch-size")
    if getattr(given, "reduce", "mean") != "mean" and given.batch_size is None:
        raise Stop(INPUT, "--reduce says how batches are put together: it needs --batch-size")
    for name in sorted(set(given.sources or ())):
        if given.sources.count(name) > 1:
            raise Stop(INPUT, "--source %s is given twice" % name)
    paths = [(flag, os.path.realpath(getattr(given, flag)))
             for flag in ("feeds", "out", "plot") if getattr(given, flag, None) is not None]
    for i, (flag, path) in enumerate(paths):
        for other, again in paths[:i]:
            if path == again:
                raise Stop(INPUT, "--%s and --%s are the same file" % (other, flag))
    return given
