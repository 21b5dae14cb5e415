"""Searches a folder of images for near-copies with cleanvision or fastdup.

Usage: near_copies.py cleanvision|fastdup FOLDER

Answers each line of standard input with one line of JSON: durations (milliseconds of the search),
readingMs (milliseconds in which Pillow decodes all files, one after another), and pairs (the file names
of two near-copies without their extension). Both programs decode the files themselves, and use all
processors. They run with their default settings.
"""

import json
import os
import sys
import tempfile
import time

# Before the import: neither program may send usage data.
os.environ["SENTRY_OPT_OUT"] = "1"


ANSWERS = os.fdopen(os.dup(1), "w")
# Both programs print to standard output.
os.dup2(2, 1)


def stem(path):
    return int(os.path.splitext(os.path.basename(path))[0])


def pairs_of(groups):
    return [[stem(group[0]), stem(other)] for group in groups for other in group[1:]]


def cleanvision(folder):
    from cleanvision import Imagelab

    start = time.perf_counter()
    lab = Imagelab(data_path=folder)
    lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, verbose=False)
    seconds = time.perf_counter() - start
    found = [lab.info[kind]["sets"] for kind in ("exact_duplicates", "near_duplicates")]
    # All pairs of a set, since any of them is a find.
    pairs = [[a, b] for sets in found for one in sets for a in one for b in one if a < b]
    return seconds, [[stem(a), stem(b)] for a, b in pairs]


def fastdup(folder):
    import fastdup

    with tempfile.TemporaryDirectory() as work:
        start = time.perf_counter()
        run = fastdup.create(work_dir=work, input_dir=folder)
        run.run(overwrite=True, verbose=False, print_summary=False)
        seconds = time.perf_counter() - start
        found = run.similarity()
        names = zip(found["filename_from"], found["filename_to"])
        return seconds, [[stem(a), stem(b)] for a, b in names]


def reading(folder):
    from PIL import Image

    start = time.perf_counter()
    for name in os.listdir(folder):
        with Image.open(os.path.join(folder, name)) as image:
            image.load()
    return time.perf_counter() - start


search = {"cleanvision": cleanvision, "fastdup": fastdup}[sys.argv[1]]
for line in sys.stdin:
    read = reading(sys.argv[2])
    seconds, pairs = search(sys.argv[2])
    answer = {"durations": [1000 * seconds], "readingMs": 1000 * read, "pairs": pairs}
    ANSWERS.write(json.dumps(answer) + "\n")
    ANSWERS.flush()
