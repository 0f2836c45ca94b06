// Why: products stream their weights in another order than files store them, so a model's weights
// are rearranged once. All together: by all threads, into one piece of memory, which may be a file
// that the next start maps.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "tensor/tensor.h"

namespace pioneer {

// Where packed bytes lie: 64-byte aligned, kept alive by the owner.
struct PackedMemory {
  const std::byte* data = nullptr;
  std::shared_ptr<const void> owner;
};

// A matrix prepared for products: a view of its packed bytes (see kernels/panels.h), about as large
// as the tensor, which itself is not read. Any thread may use it; copies share the bytes.
class Weight {
 public:
  Weight() = default;
  // Packs it at once, into memory of its own. Throws Error{kInvalidArgument} for an empty one.
  explicit Weight(const Tensor& tensor);

  const std::string& name() const { return name_; }
  DType dtype() const { return dtype_; }
  int64_t n_out() const { return n_out_; }
  int64_t n_in() const { return n_in_; }
  size_t bytes() const;  // packed
  // Null for one that is empty or not packed yet.
  const std::byte* panels() const {
    return memory_ == nullptr || memory_->data == nullptr ? nullptr : memory_->data + offset_;
  }

 private:
  friend class WeightPack;
  Weight(const Tensor& tensor, std::shared_ptr<const PackedMemory> memory, size_t offset);

  std::string name_;
  DType dtype_ = DType::kF32;
  int64_t n_out_ = 0, n_in_ = 0;
  std::shared_ptr<const PackedMemory> memory_;
  size_t offset_ = 0;
};

// Weights that are packed together, one after the other. Add() all; Pack() all bytes, in parts, or
// find them packed; Place() them. One thread, but Pack().
class WeightPack {
 public:
  // Usable once Place() was called. The same rows added again are packed once. Throws
  // Error{kInvalidArgument} for an empty tensor.
  Weight Add(const Tensor& tensor);
  size_t bytes() const { return bytes_; }  // of all, packed

  // What decides the packed bytes, as text: equal directories, equal bytes, as far as samples of
  // the tensors' own bytes can tell.
  std::string Directory() const;

  // Writes bytes [begin, end) of the packed whole to `out`. Any thread.
  void Pack(size_t begin, size_t end, std::byte* out) const;
  // visit(data, bytes): what Pack(begin, end) reads.
  void VisitSources(size_t begin, size_t end,
                    const std::function<void(const std::byte*, size_t)>& visit) const;

  // The packed bytes of all weights. Forgets the tensors.
  void Place(PackedMemory memory);

 private:
  struct Item {
    Tensor tensor;
    size_t panel_bytes, offset, bytes;
  };
  // The items with bytes in [begin, end).
  std::span<const Item> ItemsIn(size_t begin, size_t end) const;

  std::vector<Item> items_;
  std::map<std::tuple<const std::byte*, DType, int64_t, int64_t>, size_t> offsets_;
  size_t bytes_ = 0;
  std::shared_ptr<PackedMemory> memory_ = std::make_shared<PackedMemory>();
};

// 64-byte aligned memory, in large pages where the system gives them. Throws
// std::bad_alloc.
std::shared_ptr<std::byte> AllocatePacked(size_t bytes);

}  // namespace pioneer
