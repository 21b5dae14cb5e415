"""The trials of a study: how they are sampled, described, and repeated after an interruption."""

from __future__ import annotations

import json
from typing import Any

import optuna
from optuna import Study
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

# Number of repetitions of a trial whose worker ended; it stops trials that crash their worker.
MAX_RETRIES = 3
RETRIES = "retries"
RETRY_OF = "retryOf"
AGAIN = "again"
FAILURE = "failure"

WORDS = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}
STATES = {word: state for state, word in WORDS.items()}
INTERRUPTED = "interrupted"


def distributions(parameters: dict[str, Any]) -> dict[str, BaseDistribution]:
    """Converts the parameters of a space to Optuna's distributions."""

    def distribution(given: dict[str, Any]) -> BaseDistribution:
        if given["type"] == "categorical":
            return CategoricalDistribution([_scalar(choice) for choice in given["choices"]])
        kind = IntDistribution if given["type"] == "int" else FloatDistribution
        options = {key: given[key] for key in ("log", "step") if key in given}
        return kind(given["low"], given["high"], **options)

    return {name: distribution(given) for name, given in parameters.items()}


def _scalar(choice: Any) -> Any:
    """Converts a list to JSON, because Optuna stores only scalars."""
    return json.dumps(choice, separators=(",", ":")) if isinstance(choice, list) else choice


def sampler(seed: int, earlier: int, worker: int) -> optuna.samplers.BaseSampler:
    """TPE. The first worker of a new study always draws the same; later workers draw differently."""
    if earlier > 0 or worker > 0:
        seed = (seed + 1_000_003 * earlier + 7_919 * worker) % 2**31
    return optuna.samplers.TPESampler(seed=seed)


def word_of(trial: FrozenTrial) -> str:
    """The state of a trial. Optuna stores an interrupted trial, which is repeated, as failed."""
    return INTERRUPTED if trial.user_attrs.get(AGAIN) else WORDS[trial.state]


def count(trials: list[FrozenTrial]) -> dict[str, int]:
    """The number of trials in each state."""
    counts = {word: 0 for word in [*STATES, INTERRUPTED]}
    for trial in trials:
        counts[word_of(trial)] += 1
    return counts


def best(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial with the highest value; of several, the first."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def summary(trial: FrozenTrial) -> dict[str, Any]:
    """A trial in the form in which the bridge sends it."""
    start, end = trial.datetime_start, trial.datetime_complete
    return {
        "number": trial.number,
        "state": word_of(trial),
        "value": trial.value,
        "params": trial.params,
        "steps": sorted(trial.intermediate_values.items()),
        "seconds": (end - start).total_seconds() if start and end else None,
        "failure": trial.user_attrs.get(FAILURE),
        "retryOf": trial.user_attrs.get(RETRY_OF),
    }


def try_again(study: Study, trial: FrozenTrial, why: str, counted: bool) -> None:
    """
    Ends a running trial as failed and queues its parameters again. Gives up a trial whose worker
    ended more than `MAX_RETRIES` times. Call it under the lock of the store.

    The parameters are queued before the trial ends. If the process is killed in between, the trial
    is still running, and the next process repeats this.
    """
    queued = any(
        other.user_attrs.get(RETRY_OF) == trial.number for other in study.get_trials(deepcopy=False)
    )
    retries = trial.user_attrs.get(RETRIES, 0) + (1 if counted else 0)
    again = queued or retries <= MAX_RETRIES
    if again and not queued:
        study.add_trial(
            create_trial(
                state=TrialState.WAITING,
                params=trial.params,
                distributions=trial.distributions,
                user_attrs={RETRY_OF: trial.number, RETRIES: retries},
            )
        )
    if again:
        study._storage.set_trial_user_attr(trial._trial_id, AGAIN, True)
    fail(study, trial, why)


def fail(study: Study, trial: FrozenTrial, why: str) -> None:
    study._storage.set_trial_user_attr(trial._trial_id, FAILURE, why)
    study.tell(trial.number, state=TrialState.FAIL)
