"""What a study's trials are drawn from, what they say, and how a lost one is tried again."""

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

# How often a trial whose worker vanished is tried again; one that kills its workers ends here.
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
    """The parameters of a space as Optuna's distributions."""

    def distribution(given: dict[str, Any]) -> BaseDistribution:
        if given["type"] == "categorical":
            return CategoricalDistribution([_scalar(choice) for choice in given["choices"]])
        kind = IntDistribution if given["type"] == "int" else FloatDistribution
        options = {key: given[key] for key in ("log", "step") if key in given}
        return kind(given["low"], given["high"], **options)

    return {name: distribution(given) for name, given in parameters.items()}


def _scalar(choice: Any) -> Any:
    """Optuna's storages keep scalars only; lists travel as JSON."""
    return json.dumps(choice, separators=(",", ":")) if isinstance(choice, list) else choice


def sampler(seed: int, earlier: int, worker: int) -> optuna.samplers.BaseSampler:
    """TPE; its draws repeat for a new study's first worker, and differ for all that come later."""
    if earlier > 0 or worker > 0:
        seed = (seed + 1_000_003 * earlier + 7_919 * worker) % 2**31
    return optuna.samplers.TPESampler(seed=seed)


def word_of(trial: FrozenTrial) -> str:
    """A trial's state; Optuna knows an interrupted trial, which another one repeats, as failed."""
    return INTERRUPTED if trial.user_attrs.get(AGAIN) else WORDS[trial.state]


def count(trials: list[FrozenTrial]) -> dict[str, int]:
    """How many trials are in each state."""
    counts = {word: 0 for word in [*STATES, INTERRUPTED]}
    for trial in trials:
        counts[word_of(trial)] += 1
    return counts


def best(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial with the highest value, the first of equals."""
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def summary(trial: FrozenTrial) -> dict[str, Any]:
    """A trial as the bridge sends it."""
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
    Ends a running trial as failed and queues its parameters again, unless that was done too often.
    To be called under the store's lock.

    Queued first: a process that is killed in between leaves a running trial, which the next one
    comes upon, and never a lost one.
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
