"""Runs a trained model on ONNX Runtime: clips and dances in, clips and dances out. No torch."""
