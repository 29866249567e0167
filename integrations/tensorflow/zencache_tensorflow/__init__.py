"""Keras models and TensorFlow tensors as artifacts of zencache."""
