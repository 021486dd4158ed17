/*
 * A stand-in for CUDA's runtime library: device memory is host memory, copies are made, kernels do nothing. So sessions
 * of ONNX Runtime's CUDA provider open and run without a GPU. What they compute is meaningless; where operators run, what
 * is copied and how long the host takes to start kernels is real.
 *
 * At its end a process writes what it counted to the file that STANDIN_CUDA_REPORT names, as JSON.
 */
#include <cuda_runtime_api.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#undef cudaGetDeviceProperties

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <time.h>
#undef cudaGetDeviceProperties
static long launches, to_device, to_device_bytes, to_host, to_host_bytes;

__attribute__((destructor)) static void report(void) {
  const char *name = getenv("STANDIN_CUDA_REPORT");
  FILE *file = name ? fopen(name, "w") : NULL;
  if (!file) return;
  fprintf(file,
          "{\"launches\":%ld,\"host_to_device\":%ld,\"host_to_device_bytes\":%ld,\"device_to_host\":%ld,"
          "\"device_to_host_bytes\":%ld}\n",
          launches, to_device, to_device_bytes, to_host, to_host_bytes);
  fclose(file);
}

static void note(size_t bytes, enum cudaMemcpyKind kind) {
  if (kind == cudaMemcpyHostToDevice) { to_device++; to_device_bytes += bytes; }
  if (kind == cudaMemcpyDeviceToHost) { to_host++; to_host_bytes += bytes; }
}

cudaError_t cudaGetDeviceCount(int *n) { *n = 1; return 0; }
cudaError_t cudaGetDevice(int *n) { *n = 0; return 0; }
cudaError_t cudaDriverGetVersion(int *v) { *v = 13000; return 0; }
cudaError_t cudaRuntimeGetVersion(int *v) { *v = 13000; return 0; }
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *p, int d) {
  memset(p, 0, sizeof *p);
  strcpy(p->name, "stand-in");
  p->totalGlobalMem = 16ULL << 30; p->sharedMemPerBlock = 49152; p->regsPerBlock = 65536; p->warpSize = 32;
  p->maxThreadsPerBlock = 1024; p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024; p->maxThreadsDim[2] = 64;
  p->maxGridSize[0] = 2147483647; p->maxGridSize[1] = p->maxGridSize[2] = 65535;
  p->totalConstMem = 65536; p->major = 9; p->minor = 0; p->multiProcessorCount = 132; p->l2CacheSize = 50 << 20;
  p->maxThreadsPerMultiProcessor = 2048; p->sharedMemPerMultiprocessor = 233472; p->regsPerMultiprocessor = 65536;
  p->sharedMemPerBlockOptin = 232448; p->asyncEngineCount = 3; p->unifiedAddressing = 1; p->concurrentKernels = 1;
  return 0;
}
cudaError_t cudaDeviceGetAttribute(int *v, enum cudaDeviceAttr a, int d) {
  switch (a) {
    case cudaDevAttrMaxThreadsPerBlock: *v = 1024; break;
    case cudaDevAttrMultiProcessorCount: *v = 132; break;
    case cudaDevAttrComputeCapabilityMajor: *v = 9; break;
    case cudaDevAttrComputeCapabilityMinor: *v = 0; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *v = 49152; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *v = 232448; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *v = 2048; break;
    case cudaDevAttrWarpSize: *v = 32; break;
    default: *v = 1;
  }
  return 0;
}
static cudaError_t get(void **p, size_t n) { *p = NULL; void *q = NULL; if (posix_memalign(&q, 512, n + 512)) return cudaErrorMemoryAllocation; memset(q, 0, n + 512); *p = q; return 0; }
cudaError_t cudaMalloc(void **p, size_t n) { return get(p, n); }
cudaError_t cudaMallocHost(void **p, size_t n) { return get(p, n); }
cudaError_t cudaHostAlloc(void **p, size_t n, unsigned f) { return get(p, n); }
cudaError_t cudaMallocFromPoolAsync(void **p, size_t n, cudaMemPool_t q, cudaStream_t s) { return get(p, n); }
cudaError_t cudaFree(void *p) { free(p); return 0; }
cudaError_t cudaFreeAsync(void *p, cudaStream_t s) { free(p); return 0; }
cudaError_t cudaFreeHost(void *p) { free(p); return 0; }
cudaError_t cudaMemGetInfo(size_t *a, size_t *b) { *a = 15ULL << 30; *b = 16ULL << 30; return 0; }
cudaError_t cudaMemcpy(void *d, const void *s, size_t n, enum cudaMemcpyKind k) { note(n, k); memmove(d, s, n); return 0; }
cudaError_t cudaMemcpyAsync(void *d, const void *s, size_t n, enum cudaMemcpyKind k, cudaStream_t t) { note(n, k); memmove(d, s, n); return 0; }
cudaError_t cudaMemcpy2DAsync(void *d, size_t dp, const void *s, size_t sp, size_t w, size_t h, enum cudaMemcpyKind k, cudaStream_t t) {
  note(w * h, k); for (size_t i = 0; i < h; i++) memmove((char *) d + i * dp, (const char *) s + i * sp, w); return 0; }
cudaError_t cudaMemset(void *d, int v, size_t n) { memset(d, v, n); return 0; }
cudaError_t cudaMemsetAsync(void *d, int v, size_t n, cudaStream_t t) { memset(d, v, n); return 0; }
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, const void *f, int b, size_t m, unsigned g) { *n = 2; return 0; }
cudaError_t cudaFuncGetAttributes(struct cudaFuncAttributes *a, const void *f) { memset(a, 0, sizeof *a); a->maxThreadsPerBlock = 1024; a->numRegs = 32; a->ptxVersion = 90; a->binaryVersion = 90; return 0; }
const char *cudaGetErrorString(cudaError_t e) { return e ? "stand-in error" : "no error"; }
const char *cudaGetErrorName(cudaError_t e) { return e ? "standInError" : "cudaSuccess"; }
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t a, cudaEvent_t b) { *ms = 1; return 0; }
cudaError_t cudaEventCreate(cudaEvent_t *e) { *e = malloc(8); return 0; }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned f) { *e = malloc(8); return 0; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { free(e); return 0; }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned f) { *s = malloc(8); return 0; }
cudaError_t cudaStreamDestroy(cudaStream_t s) { free(s); return 0; }
cudaError_t cudaLaunchHostFunc(cudaStream_t s, cudaHostFn_t f, void *d) { f(d); return 0; }
cudaError_t cudaMemPoolCreate(cudaMemPool_t *p, const struct cudaMemPoolProps *q) { *p = malloc(8); return 0; }
cudaError_t cudaMemPoolGetAttribute(cudaMemPool_t p, enum cudaMemPoolAttr a, void *v) { *(unsigned long long *) v = 0; return 0; }
static char handle[64];
void **__cudaRegisterFatBinary(void *f) { return (void **) handle; }
unsigned __cudaPushCallConfiguration(dim3 g, dim3 b, size_t m, void *s) { return 0; }
cudaError_t __cudaPopCallConfiguration(dim3 *g, dim3 *b, size_t *m, void *s) { g->x = g->y = g->z = b->x = b->y = b->z = 1; *m = 0; *(void **) s = 0; return 0; }
cudaError_t __cudaGetKernel(cudaKernel_t *k, const void *f) { *k = (cudaKernel_t) f; return 0; }
cudaError_t __cudaLaunchKernel(cudaKernel_t k, dim3 g, dim3 b, void **a, size_t m, cudaStream_t s) { launches++; return 0; }
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t *c, const void *f, void **a) { launches++; return 0; }
