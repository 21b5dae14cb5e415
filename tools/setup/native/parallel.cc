#include "parallel.h"

#include <sched.h>
#include <stdlib.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace {

struct Job {
  const std::function<void(long)>& body;
  const long count;
  std::atomic<long> next{0};
  int helpers = 0;

  bool has_more() const { return next.load(std::memory_order_relaxed) < count; }
  void work() {
    for (long i; (i = next.fetch_add(1)) < count;) body(i);
  }
};

int thread_count() {
  const char* wanted = getenv("TF_NUM_INTRAOP_THREADS");
  const int number = wanted == nullptr ? 0 : atoi(wanted);
  if (number > 0) return number;
  cpu_set_t allowed;
  return sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

// Lives as long as the process, since its threads do.
class Pool {
 public:
  Pool() {
    for (int i = 1; i < thread_count(); i++) std::thread([this] { help(); }).detach();
  }

  void run(Job& job) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      jobs_.push_back(&job);
    }
    wanted_.notify_all();
    job.work();
    std::unique_lock<std::mutex> lock(mutex_);
    for (auto at = jobs_.begin(); at != jobs_.end(); ++at) {
      if (*at != &job) continue;
      jobs_.erase(at);
      break;
    }
    finished_.wait(lock, [&] { return job.helpers == 0; });
  }

 private:
  void help() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      Job* job = nullptr;
      wanted_.wait(lock, [&] { return (job = unfinished()) != nullptr; });
      job->helpers++;
      lock.unlock();
      job->work();
      lock.lock();
      if (--job->helpers == 0) finished_.notify_all();
    }
  }

  Job* unfinished() const {
    for (Job* job : jobs_) {
      if (job->has_more()) return job;
    }
    return nullptr;
  }

  std::mutex mutex_;
  std::condition_variable wanted_, finished_;
  std::vector<Job*> jobs_;
};

struct Memory {
  long size;
  float* values;
};

std::mutex kept_mutex;
std::vector<Memory>& kept() {
  static auto* list = new std::vector<Memory>;
  return *list;
}

}  // namespace

void parallel(long count, const std::function<void(long)>& body) {
  static auto* pool = new Pool;
  Job job{body, count};
  if (count == 1) job.work();
  else pool->run(job);
}

Buffer::Buffer(long floats) : size_(floats) {
  {
    std::lock_guard<std::mutex> lock(kept_mutex);
    for (Memory& memory : kept()) {
      if (memory.size < floats || memory.size > 2 * floats) continue;
      size_ = memory.size;
      values_ = memory.values;
      memory = kept().back();
      kept().pop_back();
      return;
    }
  }
  values_ = static_cast<float*>(aligned_alloc(64, (sizeof(float) * floats + 63) / 64 * 64));
  if (values_ == nullptr) abort();
}

Buffer::~Buffer() {
  std::lock_guard<std::mutex> lock(kept_mutex);
  kept().push_back({size_, values_});
}
