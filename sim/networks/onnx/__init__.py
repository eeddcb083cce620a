"""A user's own ONNX model, cut at its products."""
