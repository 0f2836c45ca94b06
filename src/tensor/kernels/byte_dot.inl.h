// Why: the loop of byte_dot.h, once for each target region that byte_dot.cc opens. Deliberately
// without an include guard and without includes of its own.

typedef int8_t Bytes __attribute__((vector_size(32)));
typedef int16_t Shorts __attribute__((vector_size(64)));
typedef int32_t Halves __attribute__((vector_size(64)));

inline Shorts LoadShorts(const int8_t* p) {
  Bytes bytes;
  std::memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(bytes, Shorts);
}

// Products of two numbers of [-127, 127] fit into 16 bits, and so do sums of two such products.
inline int32_t DotBytes(const int8_t* a, const int8_t* b, int64_t n) {
  Halves sums{};
  for (int64_t i = 0; i < n; i += 2 * int64_t{sizeof(Bytes)}) {
    const int8_t* const next_a = a + i + sizeof(Bytes);
    const int8_t* const next_b = b + i + sizeof(Bytes);
    const Shorts products =
        LoadShorts(a + i) * LoadShorts(b + i) + LoadShorts(next_a) * LoadShorts(next_b);
    // Each 32 bits hold two sums: the upper one, and the lower one with its sign.
    const Halves pairs = __builtin_bit_cast(Halves, products);
    sums += (pairs >> 16) + ((pairs << 16) >> 16);
  }
  int32_t sum = 0;
  for (int lane = 0; lane < 16; ++lane) sum += sums[lane];
  return sum;
}
