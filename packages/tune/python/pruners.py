"""The pruners that a study can choose; tune/src/study-settings.ts lists their names."""

from __future__ import annotations

import optuna


def pruner(name: str, epochs: int) -> optuna.pruners.BasePruner:
    """The pruner with this name, for trials that report after each epoch, from 1 to `epochs`."""
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(
            min_resource=1, max_resource=epochs, reduction_factor=3
        )
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1)
    return optuna.pruners.NopPruner()
