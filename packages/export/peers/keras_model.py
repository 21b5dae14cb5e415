"""Opens a tfjs LayersModel in Keras, with the same weights."""

import json
import os
import pathlib

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
from keras.src.legacy.saving.saving_utils import model_from_config


def load(folder):
    """Reads model.json and its plain float32 weight files, as tfjs saves them."""
    folder = pathlib.Path(folder)
    content = json.loads((folder / "model.json").read_text())
    topology = content["modelTopology"]
    # tfjs writes the format of Keras 2, which Keras 3 reads with its functions for old files.
    model = model_from_config(topology.get("model_config", topology))
    weights = {}
    for group in content["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        at = 0
        for spec in group["weights"]:
            size = int(np.prod(spec["shape"], dtype=np.int64))
            values = np.frombuffer(data, np.float32, size, at)
            weights[spec["name"]] = values.reshape(spec["shape"])
            at += 4 * size
    for variable in model.weights:
        # Keras' path is model/…/layer/variable, tfjs' name layer/variable.
        name = "/".join(variable.path.split("/")[-2:])
        variable.assign(weights.pop(name))
    if weights:
        raise SystemExit(f"Keras has no place for {sorted(weights)}")
    return model
