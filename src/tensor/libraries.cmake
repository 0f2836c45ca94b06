# oneDNN does the dense products of training. It is built with GNU OpenMP; the trainer tells OpenMP
# to stay on one thread (see ops/train_matmul.cc), so libgomp is linked by name.
find_library(PIONEER_DNNL NAMES dnnl REQUIRED)
find_library(PIONEER_GOMP NAMES libgomp.so.1 gomp REQUIRED)
set(TENSOR_LIBRARIES ${PIONEER_DNNL} ${PIONEER_GOMP})
