# KFP reads annotations as they stand: "from __future__ import annotations" would hide them.
from kfp import dsl
from kfp.dsl import Dataset, Output

from pipelines.image import IMAGE


@dsl.component(base_image=IMAGE, install_kfp_package=False, packages_to_install=[])
def prepare_data(
    data: Output[Dataset],
    dataset: str = "digits",
    target: str = "",
    task: str = "auto",
    test_split: float = 0.15,
    revision: str = "",  # noqa: ARG001 - KFP's cache looks at it
) -> None:
    """Read a dataset and keep its test part apart, once for all later steps.

    Args:
        data: A folder with data.npz (x_train, y_train, x_test, y_test, as they were read); its
            metadata has the sizes, the task and a SHA-256 of the arrays.
        dataset: A name (digits, mnist, fashion_mnist, cifar10), the path of a .npz, .csv or
            .parquet file or of a folder of images, or package.module:function.
        target: Column of a table to predict; the last one where empty.
        task: classification, regression or auto.
        test_split: Share kept for the test, where the data have no test part.
        revision: Change it when the same path has other content, for KFP's cache knows only inputs.
    """
    from pathlib import Path

    from pipelines.steps.data import prepare

    flags = [f"--target={target}", f"--test_split={test_split}"]
    found = prepare(Path(data.path), dataset, task, flags)
    data.metadata.update(found)
    print(", ".join(f"{name}: {value}" for name, value in found.items()))
