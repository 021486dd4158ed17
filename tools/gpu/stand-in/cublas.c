/* A stand-in for cuBLAS: see cudart.c. */
#include <stdlib.h>
int cublasCreate_v2(void **handle) { *handle = malloc(8); return 0; }
int cublasDestroy_v2(void *handle) { free(handle); return 0; }
int cublasGetMathMode(void *handle, int *mode) { *mode = 0; return 0; }
