"""Ranks labels by how suspicious they are with cleanlab, for data:benchmark-audit.

Reads one line of JSON from its input, {"labels": [n], "probabilities": [n][classes]}, and writes one
line, {"version", "rankings": {name: [indices, the most suspicious first]}}.
"""

import json
import sys

import cleanlab
import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores


def main() -> None:
    question = json.loads(sys.stdin.readline())
    labels = np.array(question["labels"])
    probabilities = np.array(question["probabilities"])
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    rankings = {}
    for method in ("self_confidence", "normalized_margin", "confidence_weighted_entropy"):
        for adjust in (False, True):
            if adjust and method == "confidence_weighted_entropy":
                continue  # cleanlab does not offer it
            scores = get_label_quality_scores(
                labels, probabilities, method=method, adjust_pred_probs=adjust
            )
            name = f"{method}{', adjusted' if adjust else ''}"
            rankings[name] = np.argsort(scores, kind="stable")
        rankings[f"find_label_issues, {method}"] = find_label_issues(
            labels, probabilities, return_indices_ranked_by=method, n_jobs=1
        )
    answer = {name: [int(i) for i in order] for name, order in rankings.items()}
    print(json.dumps({"version": cleanlab.__version__, "rankings": answer}), flush=True)


main()
