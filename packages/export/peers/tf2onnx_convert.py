"""Converts a tfjs LayersModel with Keras and tf2onnx.

usage: tf2onnx_convert.py MODEL_FOLDER FILE
"""

import sys

import keras_model
import tensorflow as tf
import tf2onnx

model = keras_model.load(sys.argv[1])
signature = [tf.TensorSpec([None, *model.input_shape[1:]], tf.float32, name="input")]
function = tf.function(lambda x: model(x, training=False), input_signature=signature)
tf2onnx.convert.from_function(
    function, input_signature=signature, opset=17, output_path=sys.argv[2]
)
