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

/** A float32 tensor that TensorFlow operations change in place. */
export class Variable {
  /** The name in checkpoints; unique within a network. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The input of operations on resource variables. */
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
      // A copy, because the variable may use the memory of the array.
      this.set(upload(values.slice(), this.shape));
    });
  }

  /** The present values as a tensor. Free it before the next update, which otherwise copies it. */
  read(): NativeTensor {
    return runOne("ReadVariableOp", floatType, [this.handle]);
  }

  /** A copy of the values. */
  values(): Float32Array {
    return scope(() => download(this.read()));
  }

  /** Replaces all values by the values of a tensor with the same shape. */
  set(values: NativeTensor): void {
    run(["AssignVariableOp", 0], floatType, [this.handle, values]);
  }

  /** Adds a tensor of the same shape. */
  add(delta: NativeTensor): void {
    run(["AssignAddVariableOp", 0], floatType, [this.handle, delta]);
  }

  /** Subtracts a tensor of the same shape, times a scalar. */
  subtract(delta: NativeTensor, factor: NativeTensor): void {
    run(["ResourceApplyGradientDescent", 0], descent, [this.handle, factor, delta]);
  }

  /** Frees the memory inside TensorFlow. */
  dispose(): void {
    run(["DestroyResourceOp", 0], [attribute.bool("ignore_lookup_error", true)], [this.handle]);
    dispose(this.handle);
  }
}
