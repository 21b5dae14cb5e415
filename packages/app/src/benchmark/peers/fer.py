"""Detection and emotions of fer with its defaults, on one frame again and again.

Takes turns as serve.mjs does, but by lines of JSON on standard input and output.
"""
import json
import os
import sys
import time

# Libraries print, too; only answers may go where answers are read.
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
for _ in range(3):
    detector.detect_emotions(frame)
answer({"ready": True})
for line in sys.stdin:
    end = time.perf_counter() + json.loads(line)["milliseconds"] / 1000
    durations = []
    while True:
        start = time.perf_counter()
        faces = detector.detect_emotions(frame)
        durations.append(1000 * (time.perf_counter() - start))
        if time.perf_counter() >= end:
            break
    answer({"durations": durations, "faces": len(faces)})
