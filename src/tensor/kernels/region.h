// Why: one program holds code for several instruction sets. A kernel file includes every header it
// needs first, then opens a region: functions in it may use the set's instructions, and nothing
// from a shared header is compiled with them.
#pragma once

#define PIONEER_PRAGMA(text) _Pragma(#text)

#if defined(__clang__)
#define PIONEER_BEGIN_TARGET(features) \
  PIONEER_PRAGMA(clang attribute push(__attribute__((target(features))), apply_to = function))
#define PIONEER_END_TARGET PIONEER_PRAGMA(clang attribute pop)
#define PIONEER_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PIONEER_BEGIN_TARGET(features) \
  PIONEER_PRAGMA(GCC push_options) PIONEER_PRAGMA(GCC target features)
#define PIONEER_END_TARGET PIONEER_PRAGMA(GCC pop_options)
#define PIONEER_UNROLL _Pragma("GCC unroll 16")
#endif

#define PIONEER_INLINE inline __attribute__((always_inline))
