# Compiler flags for all rooms. Instruction sets above the baseline are never switched on here:
# kernels open target regions of their own (see src/tensor/kernels).
find_program(CCACHE ccache)
if(CCACHE)
  # One cache serves every build folder of a checkout; precompiled headers need the sloppiness.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Werror -Wno-unused-parameter -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports these inside its own inlined library code.
  add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized
                      -Wno-psabi)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  # As on x86-64: chars have signs, and a product and a sum are two roundings unless code asks for
  # one, so that results outside of kernels do not depend on the processor.
  add_compile_options(-fsigned-char -ffp-contract=off)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

if(PIONEER_SANITIZE)
  add_compile_options(-fsanitize=${PIONEER_SANITIZE} -fno-sanitize-recover=all)
  # It finds out by system calls what memory may be read, which confined processes may not make.
  add_compile_options(-fno-sanitize=vptr)
  add_link_options(-fsanitize=${PIONEER_SANITIZE})
endif()
