# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Markdown, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def choose(
    decision: Output[Markdown],
    search_objective: str,
    search_value: float,
    autokeras_objective: str,
    autokeras_value: float,
    maximize: bool = True,
) -> NamedTuple("Outputs", [("winner", str), ("reason", str)]):
    """Choose between the best Trial and AutoKeras's best network, by one validation metric.

    Both were measured on the same examples. Of equals the Trial wins: it is the smaller change to
    what the document's author wrote. The test part has no say.

    Args:
        decision: Both values, and why.
        search_objective: The metric of the Experiment.
        search_value: Its best value.
        autokeras_objective: The metric of AutoKeras's search; must be the same.
        autokeras_value: Its best value.
        maximize: Whether more is better.

    Returns:
        winner: "search" or "autokeras".
        reason: The sentence that says why.
    """
    from pathlib import Path

    from pipelines.steps.choice import chosen, described

    choice = chosen(
        (search_objective, search_value), (autokeras_objective, autokeras_value), maximize
    )
    text = described(choice.reason, search_objective, search_value, autokeras_value)
    Path(decision.path).write_text(text, encoding="utf-8")
    print(choice.reason)
    return choice
