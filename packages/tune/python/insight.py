"""What a study says about its parameters, and about the search itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

# Fewer complete trials say nothing that should be drawn.
FEWEST_TRIALS = 8
CANDIDATES = 2000


def importance(study: Study) -> list[list[Any]] | None:
    """
    Share of each parameter in the variance of the complete trials' values, the largest first
    (fANOVA, Hutter et al. 2014); None while there is too little to tell from.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < FEWEST_TRIALS or len({trial.value for trial in complete}) < 2:
        return None
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return [[name, float(share)] for name, share in shares.items()]


def random_search(
    study: Study, distributions: dict[str, BaseDistribution], epochs: int, trials: int
) -> list[float] | None:
    """
    The best value that random search would be expected to have found after 1, 2, … trials; None
    while there is too little to tell from.

    A random forest learns the best value up to each epoch from every trial of the study, pruned
    ones too, and then plays the trials of a random search, with its own errors as their noise (a
    surrogate benchmark, Eggensperger et al. 2015).
    """
    from sklearn.ensemble import RandomForestRegressor

    def features(params: dict[str, Any], epoch: int) -> list[float]:
        return [_number(params[name], distributions[name]) for name in distributions] + [epoch]

    rows, values, last = [], [], []
    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    for trial in ended:
        steps = sorted(trial.intermediate_values.items())
        best = -np.inf
        for epoch, value in steps:
            best = max(best, value)
            rows.append(features(trial.params, epoch))
            values.append(best)
            last.append(epoch == epochs)
    if sum(last) < FEWEST_TRIALS:
        return None
    forest = RandomForestRegressor(
        n_estimators=200, oob_score=True, bootstrap=True, random_state=0, n_jobs=1
    )
    y, at_end = np.array(values), np.array(last)
    forest.fit(np.array(rows), y)
    errors = (y - forest.oob_prediction_)[at_end]

    player = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [player.ask(distributions).params for _ in range(CANDIDATES)]
    generator = np.random.default_rng(0)
    played = forest.predict(np.array([features(params, epochs) for params in drawn]))
    played = np.sort(played + generator.choice(errors, CANDIDATES))
    ranks = np.arange(CANDIDATES + 1) / CANDIDATES
    return [float(np.diff(ranks**n) @ played) for n in range(1, trials + 1)]


def _number(value: Any, distribution: BaseDistribution) -> float:
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value))
    return float(value)
