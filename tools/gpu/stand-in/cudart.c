/*
 * A stand-in for CUDA's runtime library: device memory is host memory, copies are made, kernels do nothing. So sessions
 * of ONNX Runtime's CUDA provider open and run without a GPU. What they compute is meaningless; where operators run, what
 * is copied and how long the host takes to start kernels is real. Functions that aren't here are made by build and answer
 * 0, success.
 *
 * As a process ends it appends what it counted, a line of JSON, to the file that STANDIN_CUDA_REPORT names.
 */
#include "cuda13.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static long launches, to_device, to_device_bytes, to_host, to_host_bytes; /* not exact where threads count at once */

__attribute__((destructor)) static void report(void) {
  const char *name = getenv("STANDIN_CUDA_REPORT");
  FILE *file = name && launches + to_device + to_host ? fopen(name, "a") : NULL;
  if (!file) return;
  fprintf(file,
          "{\"process\":%d,\"launches\":%ld,\"host_to_device\":%ld,\"host_to_device_bytes\":%ld,\"device_to_host\":%ld,"
          "\"device_to_host_bytes\":%ld}\n",
          getpid(), launches, to_device, to_device_bytes, to_host, to_host_bytes);
  fclose(file);
}

/* Device */

int cudaGetDeviceCount(int *count) { *count = 1; return SUCCESS; }
int cudaGetDevice(int *device) { *device = 0; return SUCCESS; }
int cudaSetDevice(int device) { return device == 0 ? SUCCESS : 101; /* invalid device */ }
int cudaDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
int cudaRuntimeGetVersion(int *version) { *version = 13000; return SUCCESS; }
int cudaMemGetInfo(size_t *unused, size_t *total) { *unused = 15UL << 30; *total = 16UL << 30; return SUCCESS; }

/* A device of Hopper's kind, with 16 GiB. */
int cudaGetDeviceProperties(struct properties *p, int device) {
  static const struct properties hopper = {
      .name = "stand-in", .major = 9, .minor = 0, .totalGlobalMem = 16UL << 30, .totalConstMem = 65536,
      .multiProcessorCount = 132, .l2CacheSize = 50 << 20, .warpSize = 32,
      .maxThreadsPerBlock = 1024, .maxThreadsDim = {1024, 1024, 64}, .maxGridSize = {2147483647, 65535, 65535},
      .sharedMemPerBlock = 49152, .sharedMemPerBlockOptin = 232448, .sharedMemPerMultiprocessor = 233472,
      .regsPerBlock = 65536, .regsPerMultiprocessor = 65536, .maxThreadsPerMultiProcessor = 2048,
      .asyncEngineCount = 3, .unifiedAddressing = 1, .concurrentKernels = 1};
  *p = hopper;
  return SUCCESS;
}

int cudaDeviceGetAttribute(int *value, int attribute, int device) {
  switch (attribute) {
    case MAX_THREADS_PER_BLOCK: *value = 1024; break;
    case MAX_SHARED_MEMORY_PER_BLOCK: *value = 49152; break;
    case MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *value = 232448; break;
    case MAX_THREADS_PER_MULTIPROCESSOR: *value = 2048; break;
    case WARP_SIZE: *value = 32; break;
    case MULTIPROCESSORS: *value = 132; break;
    case CAPABILITY_MAJOR: *value = 9; break;
    case CAPABILITY_MINOR: *value = 0; break;
    default: *value = 1;
  }
  return SUCCESS;
}

/* Memory: aligned as CUDA's, with some room behind, since nobody else looks after the ends. It starts as zeros. */

static int allocate(void **memory, size_t size) {
  if (posix_memalign(memory, 512, size + 512)) { *memory = NULL; return ERROR_MEMORY; }
  memset(*memory, 0, size + 512);
  return SUCCESS;
}

int cudaMalloc(void **memory, size_t size) { return allocate(memory, size); }
int cudaMallocHost(void **memory, size_t size) { return allocate(memory, size); }
int cudaHostAlloc(void **memory, size_t size, unsigned flags) { return allocate(memory, size); }
int cudaMallocFromPoolAsync(void **memory, size_t size, void *pool, void *stream) { return allocate(memory, size); }
int cudaFree(void *memory) { free(memory); return SUCCESS; }
int cudaFreeAsync(void *memory, void *stream) { free(memory); return SUCCESS; }
int cudaFreeHost(void *memory) { free(memory); return SUCCESS; }
int cudaMemset(void *to, int value, size_t size) { memset(to, value, size); return SUCCESS; }
int cudaMemsetAsync(void *to, int value, size_t size, void *stream) { memset(to, value, size); return SUCCESS; }

static void count(size_t size, int kind) {
  if (kind == HOST_TO_DEVICE) { to_device++; to_device_bytes += size; }
  if (kind == DEVICE_TO_HOST) { to_host++; to_host_bytes += size; }
}

int cudaMemcpy(void *to, const void *from, size_t size, int kind) {
  count(size, kind);
  memmove(to, from, size);
  return SUCCESS;
}

int cudaMemcpyAsync(void *to, const void *from, size_t size, int kind, void *stream) {
  return cudaMemcpy(to, from, size, kind);
}

int cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                      int kind, void *stream) {
  count(width * height, kind);
  for (size_t i = 0; i < height; i++) memmove((char *) to + i * to_pitch, (const char *) from + i * from_pitch, width);
  return SUCCESS;
}

/* Events, streams and pools are handles that nothing looks into. */

static int handle(void **made) { *made = calloc(1, 8); return SUCCESS; }
static int release(void *made) { free(made); return SUCCESS; }

int cudaEventCreate(void **event) { return handle(event); }
int cudaEventCreateWithFlags(void **event, unsigned flags) { return handle(event); }
int cudaEventDestroy(void *event) { return release(event); }
int cudaEventElapsedTime(float *milliseconds, void *start, void *end) { *milliseconds = 1; return SUCCESS; }
int cudaStreamCreateWithFlags(void **stream, unsigned flags) { return handle(stream); }
int cudaStreamDestroy(void *stream) { return release(stream); }
int cudaLaunchHostFunc(void *stream, void (*run)(void *), void *data) { run(data); return SUCCESS; }
int cudaMemPoolCreate(void **pool, const void *properties) { return handle(pool); }
int cudaMemPoolDestroy(void *pool) { return release(pool); }
int cudaMemPoolGetAttribute(void *pool, int attribute, void *value) { *(unsigned long long *) value = 0; return SUCCESS; }

/* Kernels: those that nvcc compiled into the provider register themselves and are launched by these. */

void **__cudaRegisterFatBinary(void *binary) { static void *registered[8]; return registered; }
unsigned __cudaPushCallConfiguration(struct dimensions g, struct dimensions b, size_t m, void *stream) { return 0; }
int __cudaPopCallConfiguration(struct dimensions *grid, struct dimensions *block, size_t *memory, void **stream) {
  *grid = *block = (struct dimensions) {1, 1, 1};
  *memory = 0;
  *stream = NULL;
  return SUCCESS;
}
int __cudaGetKernel(void **kernel, const void *function) { *kernel = (void *) function; return SUCCESS; }
int __cudaLaunchKernel(void *kernel, struct dimensions grid, struct dimensions block, void **arguments, size_t memory,
                       void *stream) {
  launches++;
  return SUCCESS;
}
int cudaLaunchKernelExC(const void *configuration, const void *function, void **arguments) { launches++; return SUCCESS; }
int cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, const void *function, int size, size_t memory,
                                                           unsigned flags) {
  *blocks = 2;
  return SUCCESS;
}
int cudaFuncGetAttributes(struct function *attributes, const void *function) {
  *attributes = (struct function) {.maxThreadsPerBlock = 1024, .numRegs = 32, .ptxVersion = 90, .binaryVersion = 90};
  return SUCCESS;
}

const char *cudaGetErrorString(int error) { return error ? "error of the stand-in" : "no error"; }
const char *cudaGetErrorName(int error) { return error ? "standInError" : "cudaSuccess"; }
