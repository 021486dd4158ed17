/* A stand-in for cuFFT: see cudart.c. What is not here is made by build and answers 0, success. */
int cufftCreate(int *h) { *h = 1; return 0; }
