"""Measures the time of Keras' ways to predict. Reads questions as lines of JSON.

usage: keras_predict.py MODEL_FOLDER

First prints {"versions", "parameters"}. A question is {"engine": "predict" | "call" | "function",
"batch", "ms", "calls"}, where null means no limit; its answer is {"durations": [milliseconds]}.
The answer to {"pixels": [...]} is {"probabilities": [...]}.
"""

import json
import sys
import time

import keras_model
import keras
import numpy as np
import tensorflow as tf


def main():
    model = keras_model.load(sys.argv[1])
    shape = model.input_shape[1:]
    function = tf.function(
        lambda x: model(x, training=False), input_signature=[tf.TensorSpec([None, *shape])]
    )
    engines = {
        "predict": lambda x: model.predict(x, batch_size=len(x), verbose=0),
        "call": lambda x: model(x, training=False).numpy(),
        "function": lambda x: function(x).numpy(),
    }
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
    say({"versions": versions, "parameters": model.count_params()})
    noise = np.random.default_rng(1)
    inputs = {}
    for line in sys.stdin:
        question = json.loads(line)
        if "pixels" in question:
            pixels = np.array(question["pixels"], np.float32).reshape(-1, *shape)
            say({"probabilities": engines["predict"](pixels).ravel().tolist()})
            continue
        batch = question["batch"]
        if batch not in inputs:
            inputs[batch] = noise.integers(0, 256, (batch, *shape)).astype(np.float32)
        limits = {
            name: float("inf") if question[name] is None else question[name]
            for name in ("ms", "calls")
        }
        say({"durations": turn(engines[question["engine"]], inputs[batch], **limits)})


def turn(engine, pixels, ms, calls):
    durations = []
    begin = time.perf_counter()
    while not durations or (
        len(durations) < calls and 1000 * (time.perf_counter() - begin) < ms
    ):
        start = time.perf_counter()
        engine(pixels)
        durations.append(1000 * (time.perf_counter() - start))
    return durations


def say(answer):
    print(json.dumps(answer), flush=True)


main()
