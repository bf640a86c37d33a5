"""The space that AutoKeras searches: input, one block, head; and what AutoKeras 3.0.0 gets wrong
in it, put right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import autokeras
import keras
import keras_tuner

from trial_image.autokeras_settings import SearchSettings
from trial_image.autokeras_tuners import TUNERS
from trial_image.data import Array, Data, Part


class Graph(autokeras.graph.Graph):  # type: ignore[misc]
    """A graph that knows the size of a batch, and whose shapes are integers."""

    def __init__(self, *, batch_size: int, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(**kwargs)
        self._batch_size = batch_size

    @property
    def batch_size(self) -> int:
        """AutoKeras takes the length of the whole array for it, which makes one step of an epoch;
        the rate of ``adam_weight_decay`` would then reach zero after as many *steps* as there are
        epochs, and the model would learn no more."""
        return self._batch_size

    def set_io_shapes(self, shapes: Any) -> None:  # noqa: ANN401
        """AutoKeras sets NumPy integers, which Keras 3.13 and later refuse for the units of a
        Dense layer."""
        super().set_io_shapes(shapes)
        for holder in (*self.inputs, *(node.in_blocks[0] for node in self.outputs)):
            holder.shape = tuple(map(int, holder.shape))


class Model(autokeras.AutoModel):  # type: ignore[misc]
    """An AutoModel over :class:`Graph`."""

    def __init__(self, *args: Any, batch_size: int, **kwargs: Any) -> None:  # noqa: ANN401
        self._batch_size = batch_size
        super().__init__(*args, **kwargs)

    def _build_graph(self) -> Graph:
        return Graph(inputs=self.inputs, outputs=self.outputs, batch_size=self._batch_size)


def build(settings: SearchSettings, data: Data, tokens: int = 0) -> Model:
    """The search, ready for ``fit``; a search that was killed is read back from its folder.

    ``tokens``: of a text, how many different ones there are.
    """
    keras.utils.clear_session()  # names of blocks count from 1, in a search read back as well
    inputs = autokeras.ImageInput() if settings.kind == "image" else autokeras.Input()
    node = inputs
    if settings.kind == "text":
        node = autokeras.Embedding(max_features=tokens)(node)
    for block in _blocks(settings):
        node = block(node)
    space = keras_tuner.HyperParameters()
    if settings.optimizer != "any":  # registered first, it is what AutoKeras will find
        space.Choice("optimizer", [settings.optimizer])
    hyperband = {"max_epochs": settings.epochs} if settings.tuner == "hyperband" else {}
    model = Model(
        inputs,
        _head(data)(node),
        batch_size=settings.batch_size,
        tuner=TUNERS[settings.tuner],
        max_trials=settings.max_trials,
        objective=keras_tuner.Objective(
            settings.objective, "max" if settings.objective == "val_accuracy" else "min"
        ),
        max_model_size=settings.max_model_size or None,
        seed=settings.seed % (2**32 - 1) + 1,  # KerasTuner takes 0 for none
        directory=Path(settings.output_dir),
        project_name=settings.project_name,
        overwrite=settings.overwrite,
        hyperparameters=space,
        **hyperband,
    )
    # A model that is too large counts as a failure, and small limits make many of them.
    model.tuner.oracle.max_consecutive_failed_trials = None
    return model


def _blocks(settings: SearchSettings) -> list[Any]:
    """The data are standardised already, so no block normalizes them."""
    large = {
        "resnet": autokeras.ResNetBlock,
        "xception": autokeras.XceptionBlock,
        "efficient": autokeras.EfficientNetBlock,
    }
    if settings.block in large:
        return [large[settings.block](pretrained=settings.pretrained)]
    first = {"conv": autokeras.ConvBlock, "rnn": autokeras.RNNBlock, "dense": autokeras.DenseBlock}
    blocks = [first[settings.block]()]
    if settings.kind == "text":
        reduction = [autokeras.SpatialReduction()] if settings.block == "conv" else []
        blocks += [*reduction, autokeras.DenseBlock()]
    return blocks


def _head(data: Data) -> Any:  # noqa: ANN401
    """Without its own dropout: AutoKeras's default for it, 0, and its choice 0.0 are two to the
    tuner, which tries the same model twice."""
    if data.classes:
        return autokeras.ClassificationHead(dropout=0.0)
    return autokeras.RegressionHead(metrics=["mae"], dropout=0.0)


def arrays(settings: SearchSettings, part: Part, classes: int) -> tuple[Array, Array]:
    """``part`` as AutoKeras takes it without encoding anything: what it encodes outside of the
    model would be missing from the model.

    Classes are one-hot [n, classes]; of two, and of a regression, there is one column.
    """
    x = part.x.reshape(len(part.x), -1) if settings.kind == "structured_data" else part.x
    if classes > 2:
        return x, keras.utils.to_categorical(part.y, classes)
    return x, part.y.astype("float32")[:, None]
