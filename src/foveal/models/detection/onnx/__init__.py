"""A whole detector as an ONNX graph, and that graph at work."""
