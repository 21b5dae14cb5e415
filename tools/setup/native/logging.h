// Compiled into tfjs-node's addon (tools/setup/tensorflow.mjs). When a process loads its first
// graph, TensorFlow writes two lines about its optimiser to standard error, whatever
// TF_CPP_MIN_LOG_LEVEL says, because they come from another logging library. Nothing is therefore
// written to standard error while a graph is loaded. Errors are not lost: they are in the status.
#pragma once
#include <fcntl.h>
#include <unistd.h>

#include "tensorflow/c/c_api.h"

template <typename... Arguments>
static auto mien_load_session(Arguments... arguments) {
  const int saved = dup(STDERR_FILENO);
  const int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const bool silent = saved >= 0 && nothing >= 0;
  if (silent) dup2(nothing, STDERR_FILENO);
  auto* session = TF_LoadSessionFromSavedModel(arguments...);
  if (silent) dup2(saved, STDERR_FILENO);
  if (saved >= 0) close(saved);
  if (nothing >= 0) close(nothing);
  return session;
}

#define TF_LoadSessionFromSavedModel mien_load_session
