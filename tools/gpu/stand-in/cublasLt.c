/* A stand-in for cuBLASLt: see cudart.c. What is not here is made by build and answers 0, success. */
#include <stdlib.h>
int cublasLtCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatmulDescCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatmulPreferenceCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatrixLayoutCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatrixTransformDescCreate(void **h) { *h = malloc(8); return 0; }
int cublasLtMatmulAlgoGetHeuristic(void *h, void *o, void *a, void *b, void *c, void *d, void *p, int n, void *r, int *found) { *found = 1; return 0; }
