"""Runs detection and emotions of fer with its defaults on one frame repeatedly.

Answers lines of standard input like serve.mjs.
"""
import json
import os
import sys
import time

# Standard output is for answers only; the output of libraries goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np
from fer.fer import FER


def answer(message):
    print(json.dumps(message), file=answers, flush=True)


given = json.loads(sys.argv[1])
pixels = np.fromfile(given["file"], np.uint8)
frame = pixels.reshape(given["height"], given["width"], 3)[:, :, ::-1].copy()
detector = FER()
answer({"ready": True})
for line in sys.stdin:
    limit = {
        name: float("inf") if value is None else value for name, value in json.loads(line).items()
    }
    begin = time.perf_counter()
    durations = []
    while True:
        start = time.perf_counter()
        faces = detector.detect_emotions(frame)
        durations.append(1000 * (time.perf_counter() - start))
        if len(durations) >= limit["calls"] or 1000 * (time.perf_counter() - begin) >= limit["ms"]:
            break
    answer({"durations": durations, "last": len(faces)})
