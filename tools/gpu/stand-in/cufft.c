/* A stand-in for cuFFT: see cudart.c. */
int cufftCreate(int *plan) { *plan = 1; return 0; }
