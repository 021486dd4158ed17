/* A stand-in for cuDNN: see cudart.c. Every convolution has one algorithm, which needs no workspace. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int make(void **made) { *made = calloc(1, 64); return 0; }
static int none(size_t *bytes) { *bytes = 0; return 0; }
static int some(size_t *bytes) { *bytes = 64; return 0; }

#define CREATE(name) int name(void **made) { return make(made); }
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
const char *cudnnGetErrorString(int error) { return error ? "error of the stand-in" : "success"; }
void cudnnGetLastErrorString(char *message, size_t size) { if (size) message[0] = 0; }
int cudnnGetStream(void *handle, void **stream) { *stream = NULL; return 0; }
int cudnnDropoutGetStatesSize(void *handle, size_t *n) { return some(n); }
int cudnnGetReductionWorkspaceSize(void *handle, void *reduction, void *a, void *c, size_t *n) { return none(n); }
int cudnnGetReductionIndicesSize(void *handle, void *reduction, void *a, void *c, size_t *n) { return none(n); }

/* Convolutions */

#define WORKSPACE(name) \
  int name(void *handle, void *x, void *w, void *convolution, void *y, int algorithm, size_t *n) { return none(n); }
WORKSPACE(cudnnGetConvolutionForwardWorkspaceSize)
WORKSPACE(cudnnGetConvolutionBackwardDataWorkspaceSize)
WORKSPACE(cudnnGetConvolutionBackwardFilterWorkspaceSize)

struct performance { /* cudnnConvolutionFwdAlgoPerf_t, and the same for gradients */
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

static int one(int *found, struct performance *best) {
  *found = 1;
  *best = (struct performance) {.algorithm = 1, .time = 1, .determinism = 1};
  return 0;
}

#define GET(name)                                                                              \
  int name(void *handle, void *a, void *b, void *convolution, void *c, int wanted, int *found, \
           struct performance *best) {                                                         \
    return one(found, best);                                                                   \
  }
GET(cudnnGetConvolutionForwardAlgorithm_v7)
GET(cudnnGetConvolutionBackwardDataAlgorithm_v7)
GET(cudnnGetConvolutionBackwardFilterAlgorithm_v7)

#define FIND(name)                                                                                                  \
  int name(void *handle, void *a, void *a_data, void *b, void *b_data, void *convolution, void *c, void *c_data,    \
           int wanted, int *found, struct performance *best, void *workspace, size_t size) {                        \
    return one(found, best);                                                                                        \
  }
FIND(cudnnFindConvolutionForwardAlgorithmEx)
FIND(cudnnFindConvolutionBackwardDataAlgorithmEx)
FIND(cudnnFindConvolutionBackwardFilterAlgorithmEx)

/* Recurrent layers: every weight matrix is [1,1,1], packed. */

int cudnnGetRNNTempSpaceSizes(void *handle, void *layer, int mode, void *x, size_t *work, size_t *reserve) {
  some(work);
  return some(reserve);
}

int cudnnGetTensorNdDescriptor(void *tensor, int wanted, int *type, int *rank, int *sizes, int *strides) {
  *type = 0;
  *rank = 3;
  for (int i = 0; i < wanted; i++) sizes[i] = strides[i] = 1;
  return 0;
}

int cudnnGetRNNWeightParams(void *handle, void *layer, int index, size_t size, const void *weights, int matrix,
                            void *matrix_type, void **matrix_data, void *bias_type, void **bias_data) {
  *matrix_data = *bias_data = (void *) weights;
  return 0;
}

/* The graph interface, through which the provider runs convolutions forward: it asks for engines, knobs and sizes. */

enum { /* cudnnBackendAttributeType_t */
  HANDLE = 0, BOOLEAN = 2, INT64 = 3, DOUBLE = 5, POINTER = 6, NUMERICAL_NOTE = 11, DESCRIPTOR = 15, BEHAVIOR_NOTE = 19,
  CHAR = 24
};
enum { ENGINE_KNOBS = 302 }; /* CUDNN_ATTR_ENGINE_KNOB_INFO */

int cudnnBackendCreateDescriptor(int type, void **made) { return make(made); }
int cudnnBackendDestroyDescriptor(void *made) { free(made); return 0; }

/* One engine without knobs and notes; numbers are 0. */
int cudnnBackendGetAttribute(void *descriptor, int name, int type, int64_t wanted, int64_t *found, void *values) {
  int is_empty = name == ENGINE_KNOBS || type == NUMERICAL_NOTE || type == BEHAVIOR_NOTE;
  if (type != DESCRIPTOR && values && wanted > 0) { /* descriptors are the caller's own */
    int is_wide = type == HANDLE || type == INT64 || type == DOUBLE || type == POINTER;
    memset(values, 0, is_wide ? 8 : type == BOOLEAN || type == CHAR ? 1 : 4);
  }
  if (found) *found = type == DESCRIPTOR ? 1 : !is_empty;
  return 0;
}
