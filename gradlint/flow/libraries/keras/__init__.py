"""What Keras does: layers, models, losses, metrics, optimizers."""
