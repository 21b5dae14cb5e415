import { onlyInput, type LayerConverter } from "./layer.ts";

export const preprocessingLayers: Readonly<Record<string, LayerConverter>> = {
  Rescaling: (layer, inputs) => {
    const x = onlyInput(layer, inputs);
    const { graph, name } = layer;
    const scale = layer.config.number("scale");
    const offset = layer.config.number("offset", 0);
    const factor = layer.constant("scale", [], () => Float32Array.of(scale));
    if (offset === 0) return graph.elementwise("Mul", [x, factor], name);
    const scaled = graph.elementwise("Mul", [x, factor], `${name}/scaled`);
    const addend = layer.constant("offset", [], () => Float32Array.of(offset));
    return graph.elementwise("Add", [scaled, addend], name);
  },
};
