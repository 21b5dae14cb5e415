// Threads and memory of the kernels in this folder.
#pragma once
#include <functional>

// Calls body(0) … body(count − 1), each once, on as many threads as TensorFlow uses in one
// operation (TF_NUM_INTRAOP_THREADS; default: one per processor). Several threads can call it at
// the same time.
void parallel(long count, const std::function<void(long)>& body);

// Memory without defined values, aligned to 64 bytes. It is kept for the next buffer of about the
// same size, because the system takes longer to supply new pages than a kernel takes to fill them.
class Buffer {
 public:
  explicit Buffer(long floats);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  float* values() const { return values_; }

 private:
  long size_;
  float* values_;
};
