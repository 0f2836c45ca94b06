// Why: a distribution's documentation packages are clean, licensed text that a recipe can name on
// any machine of that distribution, by one word.
#pragma once

#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/file.h"
#include "train/source_files.h"

namespace pioneer {

struct SourcePackage {
  std::string name, version;
  fs::path root;                    // its files lie here as below "/"
  std::vector<std::string> listed;  // of an installed package: its files; else all below root
};

// A Debian package's files: those of the installed package, when its version is known and none of
// its texts was left out of the installation; else from `cache`, where `apt-get download` puts the
// version that apt offers (this needs the network, once) and dpkg-deb unpacks it. Nothing is
// installed. Both run as programs, without a shell. apt has checked what it fetched against the
// archive's signed list.
//
// Throws Error{kInvalidArgument (no name of a package), kNotFound (no apt here, or no such
// package, or no network), kCancelled}.
SourcePackage FindPackage(const std::string& name, const fs::path& cache,
                          const CancelToken& cancel);

// Its files with a known format at or below `subfolder` ("usr/share/doc/rust-doc/html/book"; "" for
// all), sorted by name. Throws Error{kInvalidArgument} when there is none.
std::vector<SourceFile> PackageFiles(const SourcePackage& package, const std::string& subfolder);

// The names of files in a package's list as dpkg keeps it, one absolute path a line; those without
// a known format are left out. Empty when a file is not there (any more) below `root`.
std::vector<std::string> ReadPackageList(const std::string& list, const fs::path& root);

}  // namespace pioneer
