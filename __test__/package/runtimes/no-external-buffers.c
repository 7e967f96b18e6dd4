/* Electron's restriction, for any Node: loaded with LD_PRELOAD, it answers every call that would make a buffer of memory
 * outside of V8's heap with napi_no_external_buffers_allowed, as Electron does, and says so on stderr. The addon looks
 * Node-API up by dlsym, so that is where it is told of other functions. */
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
