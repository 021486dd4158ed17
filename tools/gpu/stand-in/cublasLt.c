/* A stand-in for cuBLASLt: see cudart.c. */
#include <stdlib.h>
static int make(void **made) { *made = malloc(8); return 0; }
int cublasLtCreate(void **handle) { return make(handle); }
int cublasLtMatmulDescCreate(void **description) { return make(description); }
int cublasLtMatmulPreferenceCreate(void **preference) { return make(preference); }
int cublasLtMatrixLayoutCreate(void **layout) { return make(layout); }
int cublasLtMatrixTransformDescCreate(void **description) { return make(description); }
int cublasLtMatmulAlgoGetHeuristic(void *handle, void *operation, void *a, void *b, void *c, void *d, void *preference,
                                   int wanted, void *results, int *found) {
  *found = 1;
  return 0;
}
