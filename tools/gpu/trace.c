/* What a GPU does during a program: kernels, copies and the gaps between them, through CUPTI's activity records.
 *
 *   cc -shared -fPIC -O2 trace.c -o trace.so -I… -L… -l:libcupti.so.13
 *   CUDA_INJECTION64_PATH=…/trace.so GPU_TRACE=trace.tsv program
 *
 * A line for each kernel, copy and fill, in the order of their ends within each of CUPTI's buffers, of three fields between
 * tabs: start and end in nanoseconds, and the kernel's mangled name, or [copy KIND BYTES] or [fill BYTES]. The kinds are
 * CUPTI's: 1 to the device, 2 from it, 8 within it. */
#include <cupti.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BUFFER = 8 << 20, ALIGNMENT = 8 };

static FILE *out;

static void CUPTIAPI requested(uint8_t **buffer, size_t *size, size_t *most_records) {
    *size = BUFFER;
    *most_records = 0;
    if (posix_memalign((void **)buffer, ALIGNMENT, BUFFER) != 0) {
        *buffer = NULL;
    }
}

static void CUPTIAPI completed(CUcontext context, uint32_t stream, uint8_t *buffer, size_t size, size_t valid) {
    (void)context, (void)stream, (void)size;
    CUpti_Activity *record = NULL;
    while (cuptiActivityGetNextRecord(buffer, valid, &record) == CUPTI_SUCCESS) {
        if (record->kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
            CUpti_ActivityKernel10 *kernel = (CUpti_ActivityKernel10 *)record;
            fprintf(out, "%llu\t%llu\t%s\n", (unsigned long long)kernel->start, (unsigned long long)kernel->end,
                    kernel->name);
        } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMCPY) {
            CUpti_ActivityMemcpy6 *copy = (CUpti_ActivityMemcpy6 *)record;
            fprintf(out, "%llu\t%llu\t[copy %d %llu]\n", (unsigned long long)copy->start,
                    (unsigned long long)copy->end, copy->copyKind, (unsigned long long)copy->bytes);
        } else if (record->kind == CUPTI_ACTIVITY_KIND_MEMSET) {
            CUpti_ActivityMemset4 *fill = (CUpti_ActivityMemset4 *)record;
            fprintf(out, "%llu\t%llu\t[fill %llu]\n", (unsigned long long)fill->start,
                    (unsigned long long)fill->end, (unsigned long long)fill->bytes);
        }
    }
    fflush(out);
    free(buffer);
}

static void flush(void) {
    cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
}

/* The CUDA driver calls it as it is initialised. */
int InitializeInjection(void) {
    const char *path = getenv("GPU_TRACE");
    out = path == NULL ? NULL : fopen(path, "w");
    if (out == NULL) {
        fprintf(stderr, "trace: GPU_TRACE names no file that can be written\n");
        return 0;
    }
    if (cuptiActivityRegisterCallbacks(requested, completed) != CUPTI_SUCCESS ||
        cuptiActivityEnable(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) != CUPTI_SUCCESS ||
        cuptiActivityEnable(CUPTI_ACTIVITY_KIND_MEMCPY) != CUPTI_SUCCESS ||
        cuptiActivityEnable(CUPTI_ACTIVITY_KIND_MEMSET) != CUPTI_SUCCESS) {
        fprintf(stderr, "trace: CUPTI gives no activity records here\n");
        return 0;
    }
    cuptiActivityFlushPeriod(500);
    atexit(flush);
    return 1;
}
