"""Runs Optuna for another process: reads one request per line and writes one response per line.

The first line of the output is a greeting with the version of the protocol. A request is
`{"id", "op", …}`; its response is `{"id", "result"}` or `{"id", "error": {"kind", "message"}}`.
src/optuna/optuna-protocol.ts defines the type of every message.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import sys
import warnings
from typing import Any, Callable

PROTOCOL = 1

# Standard output is kept for responses; the output of libraries goes to standard error.
answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
os.dup2(2, 1)

# Ctrl-C reaches the whole process group; the parent process decides what to do.
signal.signal(signal.SIGINT, signal.SIG_IGN)


def answer(message: dict[str, Any]) -> None:
    answers.write(json.dumps(message, allow_nan=False) + "\n")
    answers.flush()


class Refusal(Exception):
    """A refused request; `kind` is a word by which the parent process distinguishes the reasons."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Bridge:
    """A study for which this process works."""

    def __init__(self) -> None:
        self._open: dict[int, Any] = {}
        self._told: set[int] = set()

    def create(self, store: Any, study: str | None, new: Any, worker: int) -> Any:
        """
        Opens the study with this name; without a name, the only study of the store. If there is no
        such study, creates it with the settings in `new`.
        """
        self._store = open_store(store)
        with self._store.lock():
            names = sorted(optuna.get_all_study_names(self._store.storage))
            if study is None and len(names) == 1:
                study = names[0]
            if study not in names:
                if new is None or (study is None and names):
                    raise Refusal("no-study", ", ".join(names))
                study = study or new["name"]
                optuna.create_study(
                    storage=self._store.storage, study_name=study, direction="maximize"
                )
            self._study = optuna.load_study(study_name=study, storage=self._store.storage)
            earlier = len(self._study.get_trials(deepcopy=False))
            stored = self._study.user_attrs.get("settings")
            if stored is None and new is not None and earlier == 0 and self._maximizes():
                # The study is new, or its search was killed before it stored the settings.
                stored = new["settings"]
                self._study.set_user_attr("settings", stored)
            if stored is None:
                raise Refusal("foreign-study", study)
        self._distributions = trials.distributions(stored["space"]["parameters"])
        self._study.sampler = trials.sampler(stored["seed"], earlier, worker)
        self._study.pruner = pruners.pruner(stored["pruner"], stored["epochs"])
        return {"study": study, "settings": stored, "target": self._target()}

    def aim(self, trials: int) -> Any:
        """Sets the target number of complete and pruned trials."""
        self._study.set_user_attr("target", trials)
        return {}

    def ask(self) -> Any:
        """Returns a trial to run, `wait` if other workers run the last trials, or `done`."""
        with self._store.lock():
            for lost in self._store.vanished(self._study):
                trials.try_again(self._study, lost, "its worker vanished", counted=True)
            counts = trials.count(self._study.get_trials(deepcopy=False))
            done = counts["complete"] + counts["pruned"]
            if done >= self._target():
                return {"kind": "done"}
            if done + counts["running"] >= self._target():
                return {"kind": "wait"}
            trial = self._study.ask(self._distributions)
            self._store.claim(trial)
        self._open[trial.number] = trial
        return {
            "kind": "trial",
            "number": trial.number,
            "params": trial.params,
            "retryOf": trial.user_attrs.get(trials.RETRY_OF),
        }

    def report(self, number: int, step: int, value: float) -> Any:
        """Stores an intermediate value; not accepted if another worker has ended the trial."""
        try:
            self._own(number).report(value, step)
        except optuna.exceptions.UpdateFinishedTrialError:
            return {"accepted": False}
        return {"accepted": True}

    def shouldPrune(self, number: int) -> Any:
        """Whether the pruner ends a trial, from the values that this and other trials reported."""
        return {"prune": bool(self._own(number).should_prune())}

    def tell(self, number: int, state: str, value: float | None, failure: str | None) -> Any:
        """Ends a trial; not accepted if another worker has ended it."""
        with self._store.lock():
            trial = self._running(number)
            if trial is None:
                return {"accepted": False}
            if state == "failed":
                trials.fail(self._study, self._frozen(number), failure or "")
            else:
                values = {"values": value} if state == "complete" else {}
                self._study.tell(trial, state=trials.STATES[state], **values)
        del self._open[number]
        return {"accepted": True}

    def giveBack(self, number: int, why: str) -> Any:
        """Ends a trial that the user interrupted, and queues its parameters again."""
        with self._store.lock():
            if self._running(number) is not None:
                trials.try_again(self._study, self._frozen(number), why, counted=False)
        self._open.pop(number, None)
        return {}

    def status(self) -> Any:
        """The counts, the best trial, and the trials that ended since the last call."""
        every = self._study.get_trials(deepcopy=False)
        ended = [t for t in every if t.state.is_finished() and t.number not in self._told]
        self._told.update(trial.number for trial in ended)
        best = trials.best(every)
        return {
            "target": self._target(),
            "counts": trials.count(every),
            "best": None if best is None else trials.summary(best),
            "ended": [trials.summary(trial) for trial in ended],
        }

    def best(self) -> Any:
        """The best complete trial, or null."""
        best = trials.best(self._study.get_trials(deepcopy=False))
        return None if best is None else trials.summary(best)

    def trials(self) -> Any:
        """Every trial."""
        return [trials.summary(trial) for trial in self._study.get_trials(deepcopy=False)]

    def importance(self) -> Any:
        """Share of each parameter in the variance of the values; null if there are too few trials."""
        return insight.importance(self._study)

    def randomSearch(self, trials: int) -> Any:
        """Expected best of random search after 1 to `trials` trials; null if there are too few."""
        return insight.random_search(self._study, self._distributions, trials)

    def _maximizes(self) -> bool:
        return self._study.directions == [optuna.study.StudyDirection.MAXIMIZE]

    def _target(self) -> int:
        return int(self._study.user_attrs.get("target", 0))

    def _frozen(self, number: int) -> Any:
        return self._study._storage.get_trial(self._open[number]._trial_id)

    def _own(self, number: int) -> Any:
        if number not in self._open:
            raise Refusal("bad-request", f"trial {number} is not run by this process")
        return self._open[number]

    def _running(self, number: int) -> Any:
        """A trial of this worker; None if another worker has ended it."""
        trial = self._own(number)
        return trial if self._frozen(number).state == TrialState.RUNNING else None

    def close(self) -> None:
        if hasattr(self, "_store"):
            self._store.close()


OPERATIONS = [
    "create",
    "aim",
    "ask",
    "report",
    "shouldPrune",
    "tell",
    "giveBack",
    "status",
    "best",
    "trials",
    "importance",
    "randomSearch",
]


def serve() -> None:
    bridge = Bridge()
    operations: dict[str, Callable[..., Any]] = {name: getattr(bridge, name) for name in OPERATIONS}
    for line in sys.stdin:
        identity = None
        try:
            request = json.loads(line)
            identity = request.pop("id")
            operation = operations[request.pop("op")]
            answer({"id": identity, "result": operation(**request)})
        except Refusal as refusal:
            answer({"id": identity, "error": {"kind": refusal.kind, "message": str(refusal)}})
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            answer({"id": identity, "error": {"kind": "failed", "message": message}})
    bridge.close()


try:
    import optuna
    from optuna.trial import TrialState

    import insight
    import pruners
    import trials
    from store import open_store
except ImportError as error:
    answer({"protocol": PROTOCOL, "missing": str(error)})
    sys.exit(1)

warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
optuna.logging.set_verbosity(optuna.logging.WARNING)
answer(
    {"protocol": PROTOCOL, "optuna": optuna.__version__, "python": platform.python_version()}
)
serve()
