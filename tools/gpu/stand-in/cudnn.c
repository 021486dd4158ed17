/* A stand-in for cuDNN: see cudart.c. What is not here is made by build and answers 0, success. Every convolution has one algorithm, which needs no workspace. */
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
static int create(void **h) { *h = calloc(1, 64); return 0; }
#define CREATE(n) int n(void **h) { return create(h); }
CREATE(cudnnCreate)
CREATE(cudnnCreateActivationDescriptor)
CREATE(cudnnCreateConvolutionDescriptor)
CREATE(cudnnCreateDropoutDescriptor)
CREATE(cudnnCreateFilterDescriptor)
CREATE(cudnnCreateLRNDescriptor)
CREATE(cudnnCreatePoolingDescriptor)
CREATE(cudnnCreateRNNDataDescriptor)
CREATE(cudnnCreateRNNDescriptor)
CREATE(cudnnCreateReduceTensorDescriptor)
CREATE(cudnnCreateTensorDescriptor)
size_t cudnnGetVersion(void) { return 91400; }
const char *cudnnGetErrorString(int e) { return e ? "stand-in error" : "success"; }
void cudnnGetLastErrorString(char *m, size_t n) { if (n) m[0] = 0; }
int cudnnGetStream(void *h, void **s) { *s = 0; return 0; }
int cudnnDropoutGetStatesSize(void *h, size_t *n) { *n = 64; return 0; }
int cudnnGetReductionWorkspaceSize(void *h, void *r, void *a, void *c, size_t *n) { *n = 0; return 0; }
int cudnnGetReductionIndicesSize(void *h, void *r, void *a, void *c, size_t *n) { *n = 0; return 0; }
int cudnnGetConvolutionForwardWorkspaceSize(void *h, void *x, void *w, void *c, void *y, int a, size_t *n) { *n = 0; return 0; }
int cudnnGetConvolutionBackwardDataWorkspaceSize(void *h, void *x, void *w, void *c, void *y, int a, size_t *n) { *n = 0; return 0; }
int cudnnGetConvolutionBackwardFilterWorkspaceSize(void *h, void *x, void *w, void *c, void *y, int a, size_t *n) { *n = 0; return 0; }
struct perf { int algo; int status; float time; size_t memory; int determinism; int mathType; int reserved[3]; };
static int one(int *n, struct perf *p) { memset(p, 0, sizeof *p); *n = 1; p->algo = 1; p->time = 1; p->determinism = 1; return 0; }
#define GET(n) int n(void *h, void *a, void *b, void *c, void *d, int want, int *got, struct perf *p) { return one(got, p); }
GET(cudnnGetConvolutionForwardAlgorithm_v7)
GET(cudnnGetConvolutionBackwardDataAlgorithm_v7)
GET(cudnnGetConvolutionBackwardFilterAlgorithm_v7)
#define FIND(n) int n(void *h, void *a, void *pa, void *b, void *pb, void *c, void *d, void *pd, int want, int *got, struct perf *p, void *ws, size_t bytes) { return one(got, p); }
FIND(cudnnFindConvolutionForwardAlgorithmEx)
FIND(cudnnFindConvolutionBackwardDataAlgorithmEx)
FIND(cudnnFindConvolutionBackwardFilterAlgorithmEx)
int cudnnGetRNNTempSpaceSizes(void *h, void *r, int m, void *x, size_t *a, size_t *b) { *a = 64; *b = 64; return 0; }
int cudnnBackendCreateDescriptor(int type, void **d) { return create(d); }
int cudnnBackendDestroyDescriptor(void *d) { free(d); return 0; }
/* The frontend asks for engines, knobs and sizes: one engine, no knobs, sizes of 0. */
int cudnnBackendGetAttribute(void *d, int name, int type, int64_t want, int64_t *got, void *out) {
  if (type == 15) { if (got) *got = 1; return 0; }   /* descriptors that the caller made */
  size_t size = type == 3 || type == 5 || type == 6 || type == 0 ? 8 : type == 2 || type == 21 ? 1 : 4;
  if (out && want > 0) memset(out, 0, size);
  if (got) *got = (name == 302 || type == 11 || type == 18) ? 0 : 1;
  return 0;
}

/* every weight matrix of a recurrent layer: [1,1,1], packed */
int cudnnGetTensorNdDescriptor(void *d, int want, int *type, int *n, int *dims, int *strides) {
  *type = 0; *n = 3; for (int i = 0; i < want; i++) { dims[i] = 1; strides[i] = 1; } return 0; }
int cudnnGetRNNWeightParams(void *h, void *r, int layer, size_t n, const void *space, int id, void *md, void **m, void *bd, void **b) { *m = (void *) space; *b = (void *) space; return 0; }
