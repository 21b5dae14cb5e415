// Compiled into tfjs-node's addon (tools/setup/tensorflow.mjs). oneDNN's matrix kernels keep an
// address of the heap in the stack pointer, so that a signal which interrupts one writes over the
// heap: Ctrl-C could crash a training (uxlfoundation/oneDNN#4845, mended in March 2026; this
// TensorFlow holds an older one). Loading the addon therefore blocks signals in Node's main thread,
// and in TensorFlow's threads that it starts later; a thread that does nothing else takes them, and
// Node's handlers run as ever, in its event loop.
#pragma once
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <initializer_list>

static void* mien_take_signals(void* waiting) {
  pthread_sigmask(SIG_SETMASK, static_cast<sigset_t*>(waiting), nullptr);
  for (;;) pause();
}

__attribute__((constructor)) static void mien_keep_signals_out_of_kernels() {
  static sigset_t before;
  sigset_t all;
  sigfillset(&all);
  // What a thread causes itself, and the profiler's, which are sent to one thread on purpose.
  for (int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
    sigdelset(&all, own);
  }
  pthread_sigmask(SIG_BLOCK, nullptr, &before);
  if (sigismember(&before, SIGTERM)) return;  // another file of the addon did it
  pthread_t thread;
  if (pthread_create(&thread, nullptr, mien_take_signals, &before) != 0) return;
  pthread_detach(thread);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}
