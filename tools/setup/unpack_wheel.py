"""Unpacks from the TensorFlow wheel in folder argv[1], into folder argv[2], what an addon links to."""

import pathlib
import sys
import zipfile

INCLUDE = "tensorflow/include/"
KEEP = (
    "tensorflow/libtensorflow_cc.so.2",
    "tensorflow/libtensorflow_framework.so.2",
    # The C API, and what its headers include.
    *(
        INCLUDE + folder
        for folder in (
            "tensorflow/c/",
            "tensorflow/core/platform/",
            "tensorflow/tsl/platform/",
            "tsl/c/",
            "tsl/platform/",
            "xla/tsl/c/",
        )
    ),
)

(wheel,) = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(sys.argv[2], [name for name in archive.namelist() if name.startswith(KEEP)])
