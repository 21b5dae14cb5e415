import {
  attribute,
  dispose,
  download,
  DTYPE,
  keep,
  run,
  runOne,
  scope,
  upload,
  type NativeTensor,
} from "./native.ts";

let serial = 0;

const floatType = [attribute.type("dtype", DTYPE.float32)];
const descent = [attribute.type("T", DTYPE.float32), attribute.bool("use_locking", false)];

/** A float32 tensor that operations of TensorFlow change in place. */
export class Variable {
  /** Unique within a network; the name in checkpoints. */
  readonly name: string;
  readonly shape: readonly number[];
  /** What operations on resource variables take as input. */
  readonly handle: NativeTensor;

  /** @param values row-major, as many as the shape holds. */
  constructor(name: string, shape: readonly number[], values: Float32Array) {
    this.name = name;
    this.shape = shape;
    const attributes = [
      ...floatType,
      attribute.shape("shape", shape),
      attribute.text("container", ""),
      attribute.text("shared_name", `mien-${process.pid}-${serial++}`),
    ];
    this.handle = keep(runOne("VarHandleOp", attributes, []));
    this.assign(values);
  }

  /** Replaces all values. */
  assign(values: Float32Array): void {
    scope(() => {
      // The variable may keep the memory, so it gets a copy of its own.
      this.set(upload(values.slice(), this.shape));
    });
  }

  /** The values now, inside TensorFlow. Dispose of it before the next update, or that must copy. */
  read(): NativeTensor {
    return runOne("ReadVariableOp", floatType, [this.handle]);
  }

  /** A copy of the values. */
  values(): Float32Array {
    return scope(() => download(this.read()));
  }

  /** Replaces all values by those of a tensor of the same shape. */
  set(values: NativeTensor): void {
    run("AssignVariableOp", floatType, [this.handle, values], 0);
  }

  /** Adds a tensor of the same shape. */
  add(delta: NativeTensor): void {
    run("AssignAddVariableOp", floatType, [this.handle, delta], 0);
  }

  /** Subtracts a tensor of the same shape, times a scalar. */
  subtract(delta: NativeTensor, factor: NativeTensor): void {
    run("ResourceApplyGradientDescent", descent, [this.handle, factor, delta], 0);
  }

  /** Frees the memory inside TensorFlow. */
  dispose(): void {
    run("DestroyResourceOp", [attribute.bool("ignore_lookup_error", true)], [this.handle], 0);
    dispose(this.handle);
  }
}
