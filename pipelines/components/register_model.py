# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from typing import NamedTuple

from kfp import dsl
from kfp.dsl import Input, Model

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def register_model(
    package: Input[Model],
    registry: str,
    model_uri: str = "",
    author: str = "",
    token_file: str = "",
) -> NamedTuple("Outputs", [("model_id", str), ("version_id", str), ("artifact_id", str)]):
    """Enter a packaged model into a Kubeflow Model Registry, with its metrics and where it is from.

    It needs the address of a registry that the step can reach, and a token where the registry asks
    for one. A version that another run registered is not replaced: the step fails. A retried step
    finds what it has made.

    Args:
        package: As package_model leaves it; its card says the name and the version.
        registry: Address of the registry, as
            http://model-registry-service.kubeflow.svc.cluster.local:8080.
        model_uri: Where others find the package; where empty, that of the artifact.
        author: Who answers for it.
        token_file: File with a bearer token, as a mounted Secret has it; one that is not there
            counts as none.

    Returns:
        model_id: The registered model.
        version_id: Its version.
        artifact_id: The entry that says where it is.
    """
    from pathlib import Path

    from pipelines.steps.registering import Registry, register

    file = Path(token_file or "/nowhere")
    token = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    entry = register(
        package.path, model_uri or package.uri, Registry(registry, token), author=author
    )
    print(", ".join(f"{name}: {value}" for name, value in entry._asdict().items()))
    return entry
