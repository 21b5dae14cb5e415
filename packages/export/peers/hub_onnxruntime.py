"""Runs an image classifier with onnxruntime and Pillow. Reads questions as lines of JSON.

usage: hub_onnxruntime.py FOLDER

First prints {"version"}. A question is {"images": FILE, "sizes": [[width, height, channels], …],
"model": PATH}, where FILE holds the pixels of all images and PATH is relative to FOLDER; the answer is
{"probabilities": [[in the order of id2label], …]}. The images are prepared as preprocessor_config.json
says.

The question {"crop": [FOLDER, …], "count", "images": FILE} writes at most `count` crops of the images in
these folders as RGB pixels to FILE; its answer is {"sizes"}. If a folder contains boxes.json, the crops
are its boxes with different margins; else whole images.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before the import
import json
import pathlib
import sys

import numpy as np
import onnxruntime
from PIL import Image

ENDINGS = {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".webp"}
MARGINS = [0, 0.1, 0.2, 0.4]


def main():
    folder = pathlib.Path(sys.argv[1])
    settings = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
    say({"version": onnxruntime.__version__})
    for line in sys.stdin:
        question = json.loads(line)
        if "crop" in question:
            say({"sizes": write_crops(question)})
        else:
            say({"probabilities": predict(folder, settings, question)})


def predict(folder, settings, question):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        str(folder / question["model"]), options, providers=["CPUExecutionProvider"]
    )
    pixels = pathlib.Path(question["images"]).read_bytes()
    probabilities, at = [], 0
    for width, height, channels in question["sizes"]:
        end = at + width * height * channels
        mode = "L" if channels == 1 else "RGB"
        image = Image.frombytes(mode, (width, height), pixels[at:end])
        at = end
        (logits,) = session.run(["logits"], {"pixel_values": prepare(image, settings)})
        powers = np.exp(logits[0] - logits[0].max())
        probabilities.append((powers / powers.sum()).tolist())
    return probabilities


def prepare(image, settings):
    assert not settings["do_resize"]
    if settings["do_convert_rgb"]:
        image = image.convert("RGB")
    values = np.asarray(image, np.float32)
    if settings["do_rescale"]:
        values = values * settings["rescale_factor"]
    if settings["do_normalize"]:
        values = (values - np.array(settings["image_mean"])) / np.array(settings["image_std"])
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def write_crops(question):
    crops = [crop for folder in question["crop"] for crop in crops_of(pathlib.Path(folder))]
    count = min(question["count"], len(crops))
    sizes = []
    with open(question["images"], "wb") as file:
        for i in range(count):
            path, box = crops[i * len(crops) // count]
            with Image.open(path) as image:
                crop = image.convert("RGB").crop(box or (0, 0, *image.size))
            file.write(crop.tobytes())
            sizes.append([*crop.size, 3])
    return sizes


def crops_of(folder):
    boxes = folder / "boxes.json"
    if not boxes.exists():
        files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
        return [(path, None) for path in files]
    found = json.loads(boxes.read_text("utf-8"))
    return [
        (folder / name, with_margin(box, margin))
        for name in sorted(found)
        for box in found[name]
        for margin in MARGINS
    ]


def with_margin(box, margin):
    x, y, width, height = box
    dx, dy = margin * width, margin * height
    return tuple(round(side) for side in (x - dx, y - dy, x + width + dx, y + height + dy))


def say(answer):
    print(json.dumps(answer), flush=True)


main()
