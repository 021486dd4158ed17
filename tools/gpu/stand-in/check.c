/* Compiled by build where CUDA's headers are: fails if cuda13.h lays its structures out in another way. */
#include "cuda13.h"
#include <cuda_runtime_api.h>
#define SAME(ours, theirs, field) \
  _Static_assert(offsetof(struct ours, field) == offsetof(struct theirs, field), #theirs "." #field " lies elsewhere")
_Static_assert(CUDART_VERSION / 1000 == 13, "the headers are of another CUDA release");
_Static_assert(sizeof(struct properties) == sizeof(struct cudaDeviceProp), "the size of cudaDeviceProp");
_Static_assert(sizeof(struct function) >= sizeof(struct cudaFuncAttributes), "the size of cudaFuncAttributes");
_Static_assert(sizeof(struct dimensions) == sizeof(dim3), "the size of dim3");
SAME(properties, cudaDeviceProp, totalGlobalMem);
SAME(properties, cudaDeviceProp, warpSize);
SAME(properties, cudaDeviceProp, maxGridSize);
SAME(properties, cudaDeviceProp, totalConstMem);
SAME(properties, cudaDeviceProp, minor);
SAME(properties, cudaDeviceProp, multiProcessorCount);
SAME(properties, cudaDeviceProp, surfaceAlignment);
SAME(properties, cudaDeviceProp, asyncEngineCount);
SAME(properties, cudaDeviceProp, l2CacheSize);
SAME(properties, cudaDeviceProp, maxThreadsPerMultiProcessor);
SAME(properties, cudaDeviceProp, sharedMemPerMultiprocessor);
SAME(properties, cudaDeviceProp, regsPerMultiprocessor);
SAME(properties, cudaDeviceProp, sharedMemPerBlockOptin);
SAME(properties, cudaDeviceProp, reservedSharedMemPerBlock);
SAME(function, cudaFuncAttributes, maxThreadsPerBlock);
SAME(function, cudaFuncAttributes, binaryVersion);
SAME(function, cudaFuncAttributes, preferredShmemCarveout);
_Static_assert((int) HOST_TO_DEVICE == (int) cudaMemcpyHostToDevice && (int) DEVICE_TO_HOST == (int) cudaMemcpyDeviceToHost
                   && (int) ERROR_MEMORY == (int) cudaErrorMemoryAllocation
                   && (int) MAX_THREADS_PER_BLOCK == (int) cudaDevAttrMaxThreadsPerBlock
                   && (int) MAX_SHARED_MEMORY_PER_BLOCK == (int) cudaDevAttrMaxSharedMemoryPerBlock
                   && (int) WARP_SIZE == (int) cudaDevAttrWarpSize
                   && (int) MULTIPROCESSORS == (int) cudaDevAttrMultiProcessorCount
                   && (int) MAX_THREADS_PER_MULTIPROCESSOR == (int) cudaDevAttrMaxThreadsPerMultiProcessor
                   && (int) CAPABILITY_MAJOR == (int) cudaDevAttrComputeCapabilityMajor
                   && (int) CAPABILITY_MINOR == (int) cudaDevAttrComputeCapabilityMinor
                   && (int) MAX_SHARED_MEMORY_PER_BLOCK_OPTIN == (int) cudaDevAttrMaxSharedMemoryPerBlockOptin,
               "the numbers of enumerations");
