"""An ONNX model: the columns of a table go in, labels and probabilities, or numbers, come out."""

from typing import Any

import numpy as np

import nntrain
from nntrain.artifacts.model import Model
from nntrain.data.preprocessing import Standardizer
from nntrain.errors import bad_input
from nntrain.export.description import Description, Layer, describe
from nntrain.export.onnx_columns import ML, Columns
from nntrain.export.target_inverse import onnx_inverse

OPSET, ML_OPSET, IR_VERSION = 17, 3, 8  # which runtimes of 2022 and later read
OPERATORS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "Relu",
    "leaky_relu": "LeakyRelu",
    "elu": "Elu",
    "selu": "Selu",
    "softplus": "Softplus",
    "softmax": "Softmax",
}
ATTRIBUTES = {"leaky_relu": "alpha", "elu": "alpha"}  # ONNX's names of the coefficient


def content(model: Model) -> bytes:
    """Return the model, serialized.

    Raises:
        InputError: if the onnx library is not installed, or the model cannot be exported.
    """
    try:
        import onnx
    except ImportError:
        hint = "install it: pip install 'nntrain[onnx]'"
        raise bad_input("--to onnx", "needs the onnx library, which is not installed", hint) from None
    found: bytes = _Graph(describe(model, with_columns=True), onnx).model().SerializeToString()
    return found


class _Graph:
    """The nodes and constants of a model, which are added one after the other."""

    def __init__(self, described: Description, onnx: Any) -> None:
        self._described, self._onnx = described, onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def model(self) -> Any:
        """Return the model."""
        described, helper, types = self._described, self._onnx.helper, self._onnx.TensorProto
        h, inputs = self.features()
        if described.inputs is not None:
            h = self.node("Sub", h, self.constant(described.inputs.mean))
            h = self.node("Div", h, self.constant(described.inputs.scale))
        h = self.node("Cast", h, to=types.FLOAT)
        for layer in described.layers:
            h = self.layer(layer, h)
        graph = helper.make_graph(self._nodes, described.name, inputs, self.results(h), initializer=self._constants)
        ml_opset = [helper.make_opsetid(ML, ML_OPSET)] if any(node.domain == ML for node in self._nodes) else []
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), *ml_opset],
            ir_version=IR_VERSION,
            producer_name="nntrain",
            producer_version=nntrain.__version__,
        )
        helper.set_model_props(model, {"features": ", ".join(described.features)})
        self._onnx.checker.check_model(model, full_check=True)
        return model

    def features(self) -> tuple[str, list[Any]]:
        """Add the inputs, and return the name of the features as float64 and the inputs."""
        described, helper, types = self._described, self._onnx.helper, self._onnx.TensorProto
        if described.columns is not None:
            columns = Columns(self, types, described.tokens)
            names = columns.inputs(described.columns)
            inputs = [helper.make_tensor_value_info(name, kind, ["rows", 1]) for name, kind in names]
            return columns.features(described.columns), inputs
        inputs = [helper.make_tensor_value_info("features", types.FLOAT, ["rows", len(described.features)])]
        h = self.node("Cast", "features", to=types.DOUBLE)
        if described.fills is not None:
            h = self.node("Where", self.node("IsNaN", h), self.constant(described.fills, np.float64), h)
        return h, inputs

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        output = output or f"/{kind.lower()}{len(self._nodes)}"  # no column should have this name
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, values: Any, dtype: Any = None) -> str:
        """Add a constant and return its name."""
        name = f"/constant{len(self._constants)}"
        array = np.ascontiguousarray(values, dtype)
        self._constants.append(self._onnx.numpy_helper.from_array(array, name))
        return name

    def layer(self, layer: Layer, h: str) -> str:
        """Add a layer and return the name of its activations."""
        z = self.node("Gemm", h, self.constant(layer.weights, np.float32), self.constant(layer.biases, np.float32))
        if layer.norm is not None:
            gamma, beta = (self.constant(values, np.float32) for values in (layer.norm.gamma, layer.norm.beta))
            if layer.norm.mean is None or layer.norm.variance is None:
                z = self.node("LayerNormalization", z, gamma, beta, axis=-1, epsilon=layer.norm.eps)
            else:
                running = [self.constant(values, np.float32) for values in (layer.norm.mean, layer.norm.variance)]
                z = self.node("BatchNormalization", z, gamma, beta, *running, epsilon=layer.norm.eps)
        return self.activation(layer, z)

    def activation(self, layer: Layer, z: str) -> str:
        """Add an activation and return the name of its output."""
        match layer.activation:
            case "identity":
                return z
            case "prelu":
                return self.node("PRelu", z, self.constant(layer.slopes, np.float32))
            case "hard_tanh":
                return self.node("Clip", z, self.constant(np.float32(-1)), self.constant(np.float32(1)))
            case "silu":
                return self.node("Mul", z, self.node("Sigmoid", z))
            case "gelu":  # an operator of opset 20
                erf = self.node("Erf", self.node("Mul", z, self.constant(np.float32(np.sqrt(0.5)))))
                half = self.node("Mul", z, self.constant(np.float32(0.5)))
                return self.node("Mul", half, self.node("Add", erf, self.constant(np.float32(1))))
            case "softmax":
                return self.node("Softmax", z, axis=-1)
            case name:
                attributes: dict[str, Any] = {ATTRIBUTES[name]: layer.coefficient} if name in ATTRIBUTES else {}
                return self.node(OPERATORS[name], z, **attributes)

    def results(self, h: str) -> list[Any]:
        """Add what the outputs mean and return the results: label and probabilities, or numbers."""
        described, types = self._described, self._onnx.TensorProto
        info = self._onnx.helper.make_tensor_value_info
        if described.classes is None:
            self.node("Identity", self.numbers(h), output="prediction")
            return [info("prediction", types.FLOAT, ["rows", len(described.target_names)])]
        if described.one_output:
            above = self.node("Greater", h, self.constant(np.float32(0)))
            index = self.node("Squeeze", self.node("Cast", above, to=types.INT64), self.constant(np.array([1])))
        else:
            index = self.node("ArgMax", h, axis=1, keepdims=0)
        labels = np.array(described.classes)
        text = labels.dtype.kind == "U"
        kind = types.STRING if text else types.BOOL if labels.dtype.kind == "b" else types.INT64
        self.node("Gather", self.constant(labels.astype(object) if text else labels), index, output="label", axis=0)
        results = [info("label", kind, ["rows"])]
        if described.probabilities is not None:
            self.probabilities(h)
            results.append(info("probabilities", types.FLOAT, ["rows", len(described.classes)]))
        return results

    def probabilities(self, h: str) -> None:
        """Add the probabilities of the classes."""
        match self._described.probabilities:
            case "sigmoid":
                sides = [self.node("Sigmoid", self.node("Neg", h)), self.node("Sigmoid", h)]
                self.node("Concat", *sides, output="probabilities", axis=1)
            case "softmax":
                self.node("Softmax", h, output="probabilities", axis=-1)
            case _:
                self.node("Identity", h, output="probabilities")

    def numbers(self, h: str) -> str:
        """Add what turns outputs into predicted numbers, in the units of the targets."""
        described = self._described
        if described.link == "exp":
            h = self.node("Exp", h)
        elif described.link == "mean":
            ends = [self.constant(np.array([end])) for end in (0, len(described.target_names), 1)]
            h = self.node("Slice", h, *ends)
        targets: Standardizer | None = described.targets
        if targets is None:
            return h
        types = self._onnx.TensorProto
        h = self.node("Mul", self.node("Cast", h, to=types.DOUBLE), self.constant(targets.scale))
        h = self.node("Add", h, self.constant(targets.mean))
        if described.transformed is not None:
            h = onnx_inverse(self, described.transformed, h)
        return self.node("Cast", h, to=types.FLOAT)
