// Why: what pages may hold, gathered: the kernels of each type of keys and values.

#if !defined(PIONEER_BF16_DOT)
inline bool HasBf16Dot() { return false; }
inline KeyKernel Bf16Keys() { return FloatKeys<Bf16Lanes>(); }
inline ValueKernel Bf16Values() { return FloatValues<Bf16Lanes>(); }
#endif

inline const KeyKernel& KeysOf(KvType type) {
  static const KeyKernel kKeys[kKvTypes] = {FloatKeys<F16Lanes>(), Bf16Keys(), ByteKeys<Codes8>(),
                                            ByteKeys<Codes4>(), FloatKeys<F32Lanes>()};
  return kKeys[static_cast<int>(type)];
}

inline const ValueKernel& ValuesOf(KvType type) {
  static const ValueKernel kValues[kKvTypes] = {FloatValues<F16Lanes>(), Bf16Values(),
                                                ByteValues<Codes8>(), ByteValues<Codes4>(),
                                                FloatValues<F32Lanes>()};
  return kValues[static_cast<int>(type)];
}
