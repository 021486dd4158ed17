/* A stand-in for cuBLAS: see cudart.c. What is not here is made by build and answers 0, success. */
#include <stdlib.h>
int cublasCreate_v2(void **h) { *h = malloc(8); return 0; }
int cublasDestroy_v2(void *h) { free(h); return 0; }
int cublasGetMathMode(void *h, int *m) { *m = 0; return 0; }
