"""A model for tables. Its parameters are flags of the Trial; the program knows none of them."""

import keras


def build(
    input_shape: tuple[int, ...], classes: int, width: int = 16, depth: int = 2, skip: bool = True
) -> keras.Model:
    """``depth`` layers of ``width`` units; with ``skip`` each adds to what came before it."""
    inputs = keras.Input(input_shape)
    hidden = keras.layers.Dense(width)(inputs)
    for _ in range(depth):
        change = keras.layers.Dense(width, activation="relu")(hidden)
        hidden = keras.layers.add([hidden, change]) if skip else change
    return keras.Model(inputs, keras.layers.Dense(classes)(hidden))
