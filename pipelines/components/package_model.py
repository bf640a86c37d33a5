# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import Dataset, Input, Markdown, Metrics, Model, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def package_model(
    data: Input[Dataset],
    model: Input[Model],
    metrics: Input[Metrics],
    package: Output[Model],
    card: Output[Markdown],
    name: str = "model",
    version: str = "1",
    experiment_name: str = "",
    best_parameters: dict = {},
    reason: str = "",
    run_id: str = "",
) -> None:
    """Put together what is handed on: the model in both formats, and a card that says what it is.

    Args:
        data: What it was trained on, as prepare_data leaves it.
        model: As train_best leaves it.
        metrics: As evaluate leaves them.
        package: A folder: model.keras, a SavedModel under the number of its version (as TensorFlow
            Serving and KServe look for it), classes.json, MODEL_CARD.md and card.json.
        card: The model card.
        name: What to call it.
        version: A whole number.
        experiment_name: The search that it came from.
        best_parameters: The best Trial's; for a network of AutoKeras's its own are shown.
        reason: Why it was chosen.
        run_id: The pipeline run that made it.
    """
    from pathlib import Path

    from pipelines.steps.packaging import Origin, pack

    origin = Origin(
        name=name,
        version=version,
        experiment=experiment_name,
        parameters=best_parameters,
        reason=reason,
        run=run_id,
    )
    text = pack(data.path, model.path, package.path, metrics.metadata, origin)
    Path(card.path).write_text(text, encoding="utf-8")
    package.metadata.update({"framework": "keras", "name": name, "version": version})
