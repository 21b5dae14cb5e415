"""Runs a study of a test function with Optuna alone, for tune:benchmark.

Reads one line of JSON, `{"journal", "parameters", "seed", "trials"}`, and writes a line
`{"seconds", "best"}`.
"""

import json
import sys
import time

import optuna

import trials

optuna.logging.set_verbosity(optuna.logging.WARNING)


def value(params):
    """The same operations, in the same order, as `testFunction` of search-overhead.ts."""
    rate = params["learningRate"] - 0.02
    dropout = params["dropout"] - 0.3
    kernel = params["kernelSize"] - 3
    batch = 0 if params["batchSize"] == 64 else 0.1
    return 1 - (100 * (rate * rate) + dropout * dropout + 0.1 * (kernel * kernel) + batch)


def main():
    given = json.loads(sys.stdin.readline())
    distributions = trials.distributions(given["parameters"])
    backend = optuna.storages.journal.JournalFileBackend(given["journal"])
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        sampler=optuna.samplers.TPESampler(seed=given["seed"]),
        pruner=optuna.pruners.NopPruner(),
        direction="maximize",
    )
    start = time.perf_counter()
    for _ in range(given["trials"]):
        trial = study.ask(distributions)
        result = value(trial.params)
        trial.report(result, 1)
        study.tell(trial, result)
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "best": study.best_value}))


main()
