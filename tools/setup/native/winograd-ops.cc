// Registers the convolutions of winograd.h as operations of TensorFlow, when the addon is loaded:
//   MienConv2D                x, kernel  → y
//   MienConv2DInputGradient   kernel, dy → dx
//   MienConv2DKernelGradient  x, dy      → gradient
// On a processor that lacks the instructions, the operations do not exist.
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"
#include "winograd.h"

// From tensorflow/c/kernels.h, which includes headers that the wheel keeps elsewhere.
extern "C" {
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
TF_KernelBuilder* TF_NewKernelBuilder(const char* operation, const char* device,
                                      void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*),
                                      void (*destroy)(void*));
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder* builder, TF_Status* status);
void TF_GetInput(TF_OpKernelContext* context, int i, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int i, TF_DataType type,
                             const int64_t* shape, int axes, size_t bytes, TF_Status* status);
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status);
}

namespace {

// The tensors of a call. A failed call has the first failure in its status.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context), status_(TF_NewStatus()) {
    for (int i = 0; i < 2; i++) {
      if (ok()) TF_GetInput(context_, i, &inputs_[i], status_);
    }
    for (int i = 0; i < 2 && ok(); i++) {
      if (TF_NumDims(inputs_[i]) != 4) fail("expected two inputs with four axes");
    }
  }
  ~Call() {
    if (!ok()) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : inputs_) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
    if (output_ != nullptr) TF_DeleteTensor(output_);
    TF_DeleteStatus(status_);
  }

  bool ok() const { return TF_GetCode(status_) == TF_OK; }
  void fail(const char* problem) { TF_SetStatus(status_, TF_INVALID_ARGUMENT, problem); }
  int size(int input, int axis) const { return static_cast<int>(TF_Dim(inputs_[input], axis)); }
  const float* values(int input) const {
    return static_cast<const float*>(TF_TensorData(inputs_[input]));
  }
  // Memory for the output; nullptr after a failure, or if there is nothing to compute.
  float* output(int64_t a, int64_t b, int64_t c, int64_t d) {
    const int64_t shape[] = {a, b, c, d};
    const size_t count = a * b * c * d;
    if (ok()) output_ = TF_AllocateOutput(context_, 0, TF_FLOAT, shape, 4, sizeof(float) * count, status_);
    return ok() && count > 0 ? static_cast<float*>(TF_TensorData(output_)) : nullptr;
  }
  // The shape of the convolution of maps (input number `maps`).
  Convolution convolution(int maps, int in, int out) {
    if (in % 8 != 0 || out % 8 != 0) fail("expected multiples of 8 channels");
    return {size(maps, 0), size(maps, 1), size(maps, 2), in, out};
  }
  void expect_kernel(int input, int in_axis, int channels) {
    if (size(input, 0) != 3 || size(input, 1) != 3 || size(input, in_axis) != channels) {
      fail("expected a kernel of 3 × 3 for the channels of the maps");
    }
  }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
  TF_Tensor* inputs_[2] = {};
  TF_Tensor* output_ = nullptr;
};

void compute_convolution(void*, TF_OpKernelContext* context) {
  Call call(context);
  if (!call.ok()) return;
  const Convolution shape = call.convolution(0, call.size(0, 3), call.size(1, 3));
  call.expect_kernel(1, 2, shape.in);
  float* y = call.output(shape.batch, shape.height, shape.width, shape.out);
  if (y != nullptr) convolve(call.values(0), call.values(1), false, y, shape);
}

void compute_input_gradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  if (!call.ok()) return;
  const Convolution shape = call.convolution(1, call.size(1, 3), call.size(0, 2));
  call.expect_kernel(0, 3, shape.in);
  float* dx = call.output(shape.batch, shape.height, shape.width, shape.out);
  if (dx != nullptr) convolve(call.values(1), call.values(0), true, dx, shape);
}

void compute_kernel_gradient(void*, TF_OpKernelContext* context) {
  Call call(context);
  if (!call.ok()) return;
  const Convolution shape = call.convolution(0, call.size(0, 3), call.size(1, 3));
  for (int axis = 0; axis < 3; axis++) {
    if (call.size(0, axis) != call.size(1, axis)) call.fail("expected maps of one size");
  }
  float* gradient = call.output(3, 3, shape.in, shape.out);
  if (gradient != nullptr) kernel_gradient(call.values(0), call.values(1), gradient, shape);
}

void unknown_shape(TF_ShapeInferenceContext* context, TF_Status* status) {
  TF_ShapeInferenceContextSetUnknownShape(context, status);
}

void add(const char* name, const char* first, const char* second,
         void (*compute)(void*, TF_OpKernelContext*)) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddInput(definition, first);
  TF_OpDefinitionBuilderAddInput(definition, second);
  TF_OpDefinitionBuilderAddOutput(definition, "result: float");
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, unknown_shape);
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", nullptr, compute, nullptr), status);
  }
  TF_DeleteStatus(status);
}

__attribute__((constructor)) void add_operations() {
  if (!has_winograd()) return;
  add("MienConv2D", "x: float", "kernel: float", compute_convolution);
  add("MienConv2DInputGradient", "kernel: float", "dy: float", compute_input_gradient);
  add("MienConv2DKernelGradient", "x: float", "dy: float", compute_kernel_gradient);
}

}  // namespace
