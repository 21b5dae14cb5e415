// What the operations of this folder need of TensorFlow's interface for operations in C.
#pragma once
#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

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
int TF_NumInputs(TF_OpKernelContext* context);
void TF_GetInput(TF_OpKernelContext* context, int i, TF_Tensor** tensor, TF_Status* status);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext* context, int i, TF_DataType type,
                             const int64_t* shape, int axes, size_t bytes, TF_Status* status);
void TF_OpKernelContext_Failure(TF_OpKernelContext* context, TF_Status* status);
}

// The tensors of one call of an operation; all are float32. After the first failure, the call has
// no further outputs and ends with that failure.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context)
      : context_(context), status_(TF_NewStatus()), inputs_(TF_NumInputs(context)) {
    for (int i = 0; i < inputs_ && ok(); i++) TF_GetInput(context_, i, &tensors_[i], status_);
  }
  ~Call() {
    if (!ok()) TF_OpKernelContext_Failure(context_, status_);
    for (TF_Tensor* tensor : tensors_) {
      if (tensor != nullptr) TF_DeleteTensor(tensor);
    }
    TF_DeleteStatus(status_);
  }

  bool ok() const { return TF_GetCode(status_) == TF_OK; }
  void expect(bool right, const char* expected) {
    if (ok() && !right) TF_SetStatus(status_, TF_INVALID_ARGUMENT, expected);
  }
  int axes(int input) const { return TF_NumDims(tensors_[input]); }
  int size(int input, int axis) const { return static_cast<int>(TF_Dim(tensors_[input], axis)); }
  const float* values(int input) const {
    return static_cast<const float*>(TF_TensorData(tensors_[input]));
  }
  // Memory for an output; nullptr after a failure.
  template <int axes>
  float* output(int number, const int64_t (&shape)[axes]) {
    if (!ok()) return nullptr;
    size_t count = 1;
    for (const int64_t size : shape) count *= size;
    TF_Tensor*& tensor = tensors_[inputs_ + number];
    tensor =
        TF_AllocateOutput(context_, number, TF_FLOAT, shape, axes, sizeof(float) * count, status_);
    return ok() ? static_cast<float*>(TF_TensorData(tensor)) : nullptr;
  }

 private:
  TF_OpKernelContext* context_;
  TF_Status* status_;
  int inputs_;
  TF_Tensor* tensors_[12] = {};  // the inputs, then the outputs
};

// Adds an operation to TensorFlow. Inputs and outputs are named by one letter each.
inline void add_operation(const char* name, const char* inputs, const char* outputs,
                          void (*compute)(void*, TF_OpKernelContext*)) {
  TF_Status* status = TF_NewStatus();
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  char spec[] = "?: float";
  for (; *inputs != 0; inputs++) {
    spec[0] = *inputs;
    TF_OpDefinitionBuilderAddInput(definition, spec);
  }
  for (; *outputs != 0; outputs++) {
    spec[0] = *outputs;
    TF_OpDefinitionBuilderAddOutput(definition, spec);
  }
  TF_OpDefinitionBuilderSetShapeInferenceFunction(
      definition, [](TF_ShapeInferenceContext* context, TF_Status* unknown) {
        TF_ShapeInferenceContextSetUnknownShape(context, unknown);
      });
  TF_RegisterOpDefinition(definition, status);
  if (TF_GetCode(status) == TF_OK) {
    TF_RegisterKernelBuilder(name, TF_NewKernelBuilder(name, "CPU", nullptr, compute, nullptr),
                             status);
  }
  TF_DeleteStatus(status);
}
