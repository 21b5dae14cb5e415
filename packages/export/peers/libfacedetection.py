"""Finds faces with libfacedetection itself.

usage: python libfacedetection.py LIBRARY < requests.json > answers.json

A request is {"width", "height", "pixels": base64 of RGB bytes}; an answer is the list of the faces
found, each {"score": percent, "box": [x, y, width, height]}.
"""
import base64
import ctypes
import json
import struct
import sys

# Size of the result buffer and of one face in it, as the library's header gives them.
BUFFER = 0x20000
FACE = 2 * 16

# int* facedetect_cnn(unsigned char* result, unsigned char* bgr, int width, int height, int step)
find = ctypes.CDLL(sys.argv[1])["_Z14facedetect_cnnPhS_iii"]
find.restype = ctypes.c_void_p

answers = []
for request in json.load(sys.stdin):
    rgb = base64.b64decode(request["pixels"])
    bgr = bytearray(rgb)
    bgr[0::3], bgr[2::3] = rgb[2::3], rgb[0::3]
    pixels = (ctypes.c_ubyte * len(bgr)).from_buffer(bgr)
    result = (ctypes.c_ubyte * BUFFER)()
    find(result, pixels, request["width"], request["height"], 3 * request["width"])
    (count,) = struct.unpack_from("<i", result)
    faces = [struct.unpack_from("<5h", result, 4 + FACE * i) for i in range(count)]
    answers.append([{"score": score, "box": box} for score, *box in faces])
json.dump(answers, sys.stdout)
