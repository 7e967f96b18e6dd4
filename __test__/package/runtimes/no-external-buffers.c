/* Electron's restriction for any Node. Loaded with LD_PRELOAD, it makes every call that creates a buffer outside of V8's heap
 * return napi_no_external_buffers_allowed, like in Electron, and prints a line to stderr. The addon looks up Node-API functions
 * with dlsym, which this file replaces. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#if defined(__aarch64__)
#define SINCE "GLIBC_2.17"
#else
#define SINCE "GLIBC_2.2.5"
#endif

static int refuse(void) {
  fputs("no external buffers\n", stderr);
  return 22;
}

void *dlsym(void *handle, const char *name) {
  static void *(*original)(void *, const char *);
  if (original == NULL) original = dlvsym(RTLD_NEXT, "dlsym", SINCE);
  int is_restricted = strcmp(name, "napi_create_external_buffer") == 0 || strcmp(name, "napi_create_external_arraybuffer") == 0 ||
                      strncmp(name, "node_api_create_external_", 25) == 0;
  return is_restricted ? (void *)refuse : original(handle, name);
}
