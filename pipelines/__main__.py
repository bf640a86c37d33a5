"""Compile, run or submit the pipelines, and see who may: ``python -m pipelines --help``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.registry import NAMES, ArgumentsError, arguments, parameters_help

EXAMPLES = """\
examples:
  python -m pipelines run --local                        # the whole way on the digits data
  python -m pipelines run tune --local --experiment=tpe --max_trials=20
  python -m pipelines run tune --local --experiment=@experiment.yaml    # @: the text of a file
  python -m pipelines run automl --parameters            # what a pipeline can be told
  python -m pipelines submit --host http://localhost:8080 --backend=katib --namespace kubeflow
  python -m pipelines compile                            # pipelines/compiled/*.yaml
  python -m pipelines permissions --namespace team --service-account default-editor

exit codes: 0 done, 1 a step failed, the server refused or a right is missing, 2 wrong command line
"""

OWN = ("--output", "--host", "--namespace", "--token-from", "--group", "--service-account")
"""Flags of this program that take a value."""


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code."""
    ours, theirs = _sorted_out(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    chosen, rest = parser.parse_known_args(ours)
    rest += theirs
    try:
        if chosen.verb in _WITHOUT_PIPELINE:
            if rest:
                parser.error(f"{chosen.verb} has no such argument: {' '.join(rest)}")
            return _WITHOUT_PIPELINE[chosen.verb](chosen)
        if chosen.parameters:
            _say(parameters_help(chosen.pipeline))
            return 0
        verbs = {"run": _run, "submit": _submit}
        return verbs[chosen.verb](chosen, rest)
    except ArgumentsError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2


def _sorted_out(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words of this program, and ``--name=value`` of a pipeline's parameters: argparse would
    take one with a space in its value, as a document has, for the name of a pipeline."""
    theirs = [word for word in argv if "=" in word and word.partition("=")[0] not in OWN]
    return [word for word in argv if word not in theirs], theirs


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipelines",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    verbs = parser.add_subparsers(
        dest="verb", required=True, metavar="compile|run|submit|permissions"
    )
    compiling = verbs.add_parser("compile", help="write YAML", allow_abbrev=False)
    compiling.add_argument("--output", type=Path, metavar="DIR", help="instead of compiled/")
    asking = verbs.add_parser(
        "permissions", help="what a ServiceAccount lacks for backend=katib", allow_abbrev=False
    )
    asking.add_argument("--namespace", default="", help="of the Experiments; yours where empty")
    asking.add_argument(
        "--service-account",
        default="",
        metavar="NAME|NAMESPACE:NAME",
        help="of the steps: pipeline-runner, or default-editor in a profile; you where empty",
    )
    for verb, text in (("run", "run on this machine"), ("submit", "run on a server")):
        each = verbs.add_parser(
            verb,
            help=text,
            description=f"{text}; --name=value sets a parameter of the pipeline",
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        each.add_argument("pipeline", nargs="?", choices=NAMES, default="automl")
        each.add_argument("--parameters", action="store_true", help="list the pipeline's, and end")
        _FLAGS[verb](each)
    return parser


def _run_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--local", action="store_true", help="here, without any cluster")
    parser.add_argument(
        "--output", type=Path, default=Path("pipeline-runs"), metavar="DIR", help="for artifacts"
    )


def _submit_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="", help="address of the Kubeflow Pipelines API")
    parser.add_argument("--namespace", default="", help="of the run, and of its Experiment")
    parser.add_argument(
        "--token-from", default="", metavar="FILE|env:NAME", help="where the bearer token is kept"
    )
    parser.add_argument("--group", default="", help="KFP experiment that the run is listed under")


_FLAGS = {"run": _run_flags, "submit": _submit_flags}


def _compile(chosen: argparse.Namespace) -> int:
    from pipelines.compiling import FOLDER, compile_all  # noqa: PLC0415 - only for this verb

    for path in compile_all(chosen.output or FOLDER):
        _say(str(path))
    return 0


def _permissions(chosen: argparse.Namespace) -> int:
    from katib_experiments.cluster.client import Cluster  # noqa: PLC0415 - only for this verb
    from katib_experiments.errors import ClusterError  # noqa: PLC0415
    from pipelines.permissions import missing  # noqa: PLC0415

    try:
        cluster = Cluster()
        namespace = chosen.namespace or cluster.namespace
        lines = list(missing(cluster, namespace, chosen.service_account))
    except ClusterError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    for line in lines:
        _say(line)
    if not lines:
        _say(f"{chosen.service_account or 'you'}: all that backend=katib needs in {namespace}")
    return int(bool(lines))


_WITHOUT_PIPELINE = {"compile": _compile, "permissions": _permissions}


def _run(chosen: argparse.Namespace, flags: Sequence[str]) -> int:
    if not chosen.local:
        raise ArgumentsError("run: say --local to run here, or submit to run on a server")
    if claim := os.environ.get("KATIB_AUTOML_CLAIM"):
        raise ArgumentsError(
            f'KATIB_AUTOML_CLAIM: received "{claim}": must be empty for a run here, which has no '
            "volume of a cluster"
        )
    from pipelines import locally  # noqa: PLC0415 - only for this verb

    values = arguments(chosen.pipeline, flags)
    root = chosen.output.absolute()
    try:
        outputs = locally.run(chosen.pipeline, values, root, sys.stdout)
    except RuntimeError as error:
        print(f"{error}\nevery line: {root / locally.LOG}", file=sys.stderr)  # noqa: T201
        return 1
    found = locally.artifacts(root)
    for artifact in found:
        _say(f"  {artifact.task}: {artifact.name}: {artifact.path}")
    for name, value in outputs.items():
        _say(f"{'result' if name == 'Output' else name}: {value}")
    for page in locally.pages(found):
        _say(f"open: {page}")
    return 0


def _submit(chosen: argparse.Namespace, flags: Sequence[str]) -> int:
    if not chosen.host:
        raise ArgumentsError("--host: received nothing: must be the address of the server's API")
    from pipelines.submitting import submit, token_from  # noqa: PLC0415 - only for this verb

    values = arguments(chosen.pipeline, flags)
    if chosen.namespace:  # where the steps run is where they may create an Experiment
        values["namespace"] = chosen.namespace
    token = token_from(chosen.token_from)
    try:
        run, page = submit(
            chosen.pipeline,
            values,
            host=chosen.host,
            namespace=chosen.namespace,
            token=token,
            group=chosen.group,
        )
    except Exception as error:  # of the client, the network and the server: many kinds
        print(f"{chosen.host}: {type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201
        return 1
    _say(f"run {run}: {page}")
    return 0


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
