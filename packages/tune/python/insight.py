"""Estimates from the trials of a study: importance of its parameters, and random search."""

from __future__ import annotations

from typing import Any

import numpy as np
import optuna
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial, TrialState

# With fewer trials, the estimates would be too uncertain to show.
FEWEST_TRIALS = 8
FEWEST_COMPLETE = 3
CANDIDATES = 2000


def importance(study: Study) -> list[list[Any]] | None:
    """
    Share of each parameter in the variance of the complete trials' values, the largest first
    (fANOVA, Hutter et al. 2014); None if there are too few trials.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < FEWEST_TRIALS or len({trial.value for trial in complete}) < 2:
        return None
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    shares = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return [[name, float(share)] for name, share in shares.items()]


def random_search(
    study: Study, distributions: dict[str, BaseDistribution], trials: int
) -> list[float] | None:
    """
    The expected best value of random search after 1, 2, … trials; None if trials are too few.

    A random forest is fitted to the trials of the study and predicts the values of random settings;
    its out-of-bag errors are added as noise (a surrogate benchmark, Eggensperger et al. 2015). The
    value of a pruned trial is extrapolated: it grows after the last epoch by the median factor of
    the complete trials. Without the pruned trials, random search would look far too good.
    """
    from sklearn.ensemble import RandomForestRegressor

    def features(params: dict[str, Any]) -> list[float]:
        return [_number(params[name], distributions[name]) for name in distributions]

    ended = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
    complete = [trial for trial in ended if trial.state == TrialState.COMPLETE]
    if len(complete) < FEWEST_COMPLETE or len(ended) < FEWEST_TRIALS:
        return None

    def best_until(trial: FrozenTrial, epoch: int) -> float:
        return max(value for step, value in trial.intermediate_values.items() if step <= epoch)

    def at_end(trial: FrozenTrial) -> float:
        if trial.state == TrialState.COMPLETE:
            return float(trial.value)
        epoch = trial.last_step
        growth = [other.value / max(best_until(other, epoch), 1e-9) for other in complete]
        return best_until(trial, epoch) * float(np.median(growth))

    learnt = [trial for trial in ended if trial.intermediate_values]
    values = np.array([at_end(trial) for trial in learnt])
    forest = RandomForestRegressor(
        n_estimators=200, oob_score=True, bootstrap=True, random_state=0, n_jobs=1
    )
    forest.fit(np.array([features(trial.params) for trial in learnt]), values)
    errors = values - forest.oob_prediction_

    player = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [player.ask(distributions).params for _ in range(CANDIDATES)]
    generator = np.random.default_rng(0)
    played = forest.predict(np.array([features(params) for params in drawn]))
    played = np.sort(played + generator.choice(errors, CANDIDATES))
    ranks = np.arange(CANDIDATES + 1) / CANDIDATES
    return [float(np.diff(ranks**n) @ played) for n in range(1, trials + 1)]


def _number(value: Any, distribution: BaseDistribution) -> float:
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.choices.index(value))
    return float(value)
