# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import Artifact, Input, Model, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def deploy(
    package: Input[Model],
    manifest: Output[Artifact],
    name: str = "",
    namespace: str = "",
    model_uri: str = "",
    service_account: str = "",
    apply: bool = False,
) -> None:
    """Write the InferenceService that serves a packaged model on KServe, and create it if asked.

    The manifest needs a place that KServe can fetch the package from, which a folder of this
    machine is not. To apply it, the cluster needs KServe, and the step's ServiceAccount create and
    patch of inferenceservices. It does not wait until the service answers.

    Args:
        package: As package_model leaves it.
        manifest: The object (YAML), for kubectl apply.
        name: Of the service; that of the model where empty.
        namespace: Of the service; that of the step where empty.
        model_uri: Where KServe finds the package; where empty, that of the artifact.
        service_account: Whose Secret opens the store, where it is not public.
        apply: Create it, or change the one of that name.
    """
    from pathlib import Path

    from katib_experiments.experiment.document import dumps
    from pipelines.steps import serving

    made = serving.manifest(
        package.path,
        model_uri or package.uri,
        name=name,
        namespace=namespace,
        service_account=service_account,
    )
    Path(manifest.path).write_text(dumps(made), encoding="utf-8")
    print(Path(manifest.path).read_text(encoding="utf-8"))
    if apply:
        place = serving.apply(made)
        print(f"kubectl get inferenceservice --namespace {place} {made['metadata']['name']}")
