# oneDNN does the dense products of training. It is built with GNU OpenMP; the trainer tells OpenMP
# to stay on one thread (see ops/train_matmul.cc), so libgomp is linked by name.
find_library(PIONEER_DNNL NAMES dnnl REQUIRED)
find_library(PIONEER_GOMP NAMES libgomp.so.1 gomp REQUIRED)
set(TENSOR_LIBRARIES ${PIONEER_DNNL} ${PIONEER_GOMP})

# Vector kernels are the scalar kernels' loops over wider types: undefined behaviour shows in those,
# and looking for it in these takes the compiler many minutes.
if(PIONEER_SANITIZE)
  file(GLOB vector_kernels ${CMAKE_CURRENT_SOURCE_DIR}/tensor/kernels/*avx*.cc
       ${CMAKE_CURRENT_SOURCE_DIR}/tensor/kernels/amx*.cc)
  set_source_files_properties(${vector_kernels} PROPERTIES COMPILE_OPTIONS "-fno-sanitize=undefined")
endif()
# Each instruction set has definitions of the same names.
file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/tensor/kernels/*.cc)
set_source_files_properties(${kernels} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
