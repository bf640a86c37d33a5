"""What is wrong with settings that are right one by one."""

from __future__ import annotations

from trial_image.settings import FILES, IDX_DATASETS, Settings, kind_of


def conflicts(settings: Settings) -> list[str]:
    """One line per problem."""
    return _unused(settings) + _schedule(settings) + _model(settings) + _outputs(settings)


def _unused(settings: Settings) -> list[str]:
    """Settings that the chosen dataset would ignore in silence."""
    kind = kind_of(settings.dataset)
    readers = {
        "data_dir": IDX_DATASETS,
        "target": ("csv", "parquet"),
        "task": (*FILES, "function"),
        "image_size": ("images",),
        "color_mode": ("images",),
    }
    given = ((name, getattr(settings, name)) for name in readers)
    return [
        f'--{name}: received "{value}": is for --dataset of {" or ".join(readers[name])} alone'
        for name, value in given
        if value != getattr(Settings(), name) and kind not in readers[name]
    ]


def _schedule(settings: Settings) -> list[str]:
    problems = []
    chosen, boundaries = settings.learning_rate_schedule, settings.decay_boundaries
    if chosen == "step" and not boundaries:
        problems.append("--learning_rate_schedule=step: needs --decay_boundaries")
    if len(settings.decay_factors) not in (1, len(boundaries)):
        problems.append(
            f"--decay_factors: received {len(settings.decay_factors)} factors: must be one, "
            f"or one for each of the {len(boundaries)} decay_boundaries"
        )
    if chosen == "plateau" and settings.warmup_epochs:
        problems.append("--warmup_epochs: is not for --learning_rate_schedule=plateau")
    limit = min(boundaries, default=settings.epochs) if chosen == "step" else settings.epochs
    if settings.warmup_epochs >= limit:
        problems.append(
            f'--warmup_epochs: received "{settings.warmup_epochs:g}": must be less than {limit:g}, '
            f"the {'first decay boundary' if chosen == 'step' and boundaries else 'epochs'}"
        )
    if settings.lr_range_min >= settings.lr_range_max:
        problems.append("--lr_range_min: must be less than --lr_range_max")
    return problems


def _model(settings: Settings) -> list[str]:
    if settings.architecture == "cnn" and settings.kernel_initializer == "identity":
        return ["--kernel_initializer=identity: is for Dense layers, not for --architecture=cnn"]
    return []


def _outputs(settings: Settings) -> list[str]:
    if settings.export_model and not settings.output_dir:
        return ["--export_model: needs --output_dir"]
    return []
