"""Checks ONNX files by onnx.checker with strict shape inference, and runs them in onnxruntime.

usage: check_onnx.py FOLDER

FOLDER holds NAME.onnx and NAME.safetensors, whose tensors are called `input NAME` and `output NAME`.
Prints one JSON object: per file, the largest max |a - b| / max |b| of its outputs, or the complaint.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file


def check(file):
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        file, sess_options=options, providers=["CPUExecutionProvider"]
    )
    tensors = load_file(file.with_suffix(".safetensors"))
    names = [output.name for output in session.get_outputs()]
    feeds = {i.name: tensors[f"input {i.name}"] for i in session.get_inputs()}
    difference = 0.0
    for name, found in zip(names, session.run(names, feeds)):
        expected = tensors[f"output {name}"]
        if found.shape != expected.shape:
            return f"output {name} has shape {found.shape}, expected {expected.shape}"
        if not np.isfinite(found).all():
            return f"output {name} is not finite"
        difference = max(difference, np.abs(found - expected).max() / np.abs(expected).max())
    return float(difference)


def main():
    results = {}
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
        try:
            results[file.stem] = check(file)
        except Exception as error:  # the message is the result
            results[file.stem] = f"{type(error).__name__}: {error}"
    print(json.dumps(results))


main()
