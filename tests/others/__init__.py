"""What others computed: the test data of ONNX and of PyTorch, against which every reference is held."""
