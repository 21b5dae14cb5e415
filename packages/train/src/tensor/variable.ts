import {
  attribute,
  dispose,
  download,
  DTYPE,
  isIntercepted,
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

/** A graph that has its own copies of variables, which may be newer than the variables. */
export interface Mirror {
  /** Gives variables the values of their copies: one variable, or all of the graph. */
  refresh(only?: Variable): void;
  /** Must be called when a variable has changed, so that the graph changes its copy. */
  changed(variable: Variable): void;
}

const byHandle = new Map<number, Variable>();

/**
 * The variable that an operation on a handle uses.
 *
 * @throws {Error} if there is none.
 */
export function variableOf({ id }: NativeTensor): Variable {
  const variable = byHandle.get(id);
  if (variable === undefined) throw new Error("the handle of a variable that does not exist");
  return variable;
}

/** A float32 tensor that TensorFlow operations change in place. */
export class Variable {
  /** The name in checkpoints; unique within a network. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The graph that has a copy of this variable. */
  mirror: Mirror | undefined;
  readonly #handle: NativeTensor;

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
    this.#handle = keep(runOne("VarHandleOp", attributes, []));
    byHandle.set(this.#handle.id, this);
    this.assign(values);
  }

  /** The input of an operation that changes the variable in place. */
  get handle(): NativeTensor {
    // In a step that is recorded or repeated, the graph itself has the newest values.
    if (!isIntercepted()) {
      this.mirror?.refresh();
      this.mirror?.changed(this);
    }
    return this.#handle;
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
    if (!isIntercepted()) this.mirror?.refresh();
    return this.readOutside();
  }

  /**
   * A copy of the values.
   *
   * @param options.alone whether a graph passes on only this variable, not all of its variables at
   *   once; faster if no other one is read.
   */
  values({ alone = false }: { readonly alone?: boolean } = {}): Float32Array {
    if (alone) this.mirror?.refresh(this);
    return scope(() => download(alone ? this.readOutside() : this.read()));
  }

  /** The value outside of the graph that mirrors the variable, as a tensor. Only for that graph. */
  readOutside(): NativeTensor {
    return runOne("ReadVariableOp", floatType, [this.#handle]);
  }

  /** Takes the value of the copy in a graph. Only for that graph. */
  storeOutside(values: NativeTensor): void {
    run(["AssignVariableOp", 0], floatType, [this.#handle, values]);
  }

  /** Replaces all values by the values of a tensor with the same shape. */
  set(values: NativeTensor): void {
    if (!isIntercepted()) this.mirror?.changed(this);
    this.storeOutside(values);
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
    run(["DestroyResourceOp", 0], [attribute.bool("ignore_lookup_error", true)], [this.#handle]);
    byHandle.delete(this.#handle.id);
    dispose(this.#handle);
  }
}
