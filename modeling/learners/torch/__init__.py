"""What neural networks share: the training loop, the last layer, checkpoints."""
