"""Trains a network with Keras' fit and measures the time.

The first line of standard input describes the network as JSON: stages, input, classes, batchSize,
images, learningRate, l2, batchNormMomentum, batchNormEpsilon. The response is a line of JSON with
versions and the number of trainable parameters. For each further line, the network is trained for
an epoch, and the response is a line with steps, wallMs and cpuMs (of all threads).
"""

import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
os.environ["KERAS_BACKEND"] = "tensorflow"

# Standard output is kept for responses; the output of libraries goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402


def answer(value):
    answers.write(json.dumps(value) + "\n")
    answers.flush()


def build(about):
    layers = keras.layers
    regularizer = keras.regularizers.L2(about["l2"]) if about["l2"] > 0 else None
    model = keras.Sequential([keras.Input(about["input"])])
    for stage in about["stages"]:
        kind = stage["kind"]
        if kind == "convolution":
            height, width, _, filters = stage["shape"]
            layer = layers.Conv2D(
                filters,
                (height, width),
                padding="same",
                use_bias=stage["bias"],
                kernel_regularizer=regularizer,
            )
        elif kind == "dense":
            layer = layers.Dense(
                stage["shape"][1],
                use_bias=stage["bias"],
                activation="softmax" if stage["name"] == "output" else None,
                kernel_regularizer=regularizer,
            )
        else:
            layer = {
                "normalization": lambda: layers.BatchNormalization(
                    momentum=about["batchNormMomentum"], epsilon=about["batchNormEpsilon"]
                ),
                "pool": lambda: layers.MaxPooling2D(2),
                "relu": lambda: layers.ReLU(),
                "dropout": lambda: layers.Dropout(stage["rate"]),
                "flatten": lambda: layers.Flatten(),
                "average": lambda: layers.GlobalAveragePooling2D(),
            }[kind]()
        model.add(layer)
    model.compile(
        optimizer=keras.optimizers.Adam(about["learningRate"]), loss="categorical_crossentropy"
    )
    return model


def main():
    about = json.loads(sys.stdin.readline())
    model = build(about)
    generator = np.random.default_rng(1)
    count = about["images"]
    images = generator.standard_normal((count, *about["input"]), dtype=np.float32)
    labels = np.eye(about["classes"], dtype=np.float32)[
        generator.integers(0, about["classes"], count)
    ]
    answer(
        {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "parameters": int(sum(np.prod(w.shape) for w in model.trainable_weights)),
        }
    )
    while sys.stdin.readline():
        wall, cpu = time.perf_counter(), time.process_time()
        model.fit(images, labels, batch_size=about["batchSize"], epochs=1, verbose=0)
        answer(
            {
                "steps": count // about["batchSize"],
                "wallMs": 1000 * (time.perf_counter() - wall),
                "cpuMs": 1000 * (time.process_time() - cpu),
            }
        )


main()
