#include "train/run_folder.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <system_error>

#include "base/error.h"
#include "train/checkpoint.h"
#include "train/import.h"

namespace pioneer {
namespace {

// A folder holds a run from the moment that it has a recipe: until then, what a killed branch left
// there counts for nothing.
void RefuseTaken(const RunFolder& folder) {
  if (!fs::exists(folder.recipe())) fs::remove(folder.checkpoint());
  if (!fs::exists(folder.checkpoint())) return;
  Fail(ErrorCode::kInvalidArgument, "{} holds a run already; resume it, or choose another folder",
       folder.root.string());
}

// Checkpoints that a kill left unfinished.
void RemoveTemporaries(const RunFolder& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.root)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("checkpoint.bin.") && name.ends_with(".tmp")) fs::remove(entry.path());
  }
}

void CopyAtomically(const fs::path& from, const fs::path& to) {
  const MappedFile source(from);
  AtomicFile copy(to);
  copy.Write(source.bytes().data(), source.bytes().size());
  copy.Commit();
}

// Token shards are never written to again, so two runs can share them.
void ShareData(const RunFolder& from, const RunFolder& to) {
  if (!fs::exists(from.data())) return;
  std::error_code error;
  const auto whole = fs::copy_options::recursive | fs::copy_options::overwrite_existing;
  fs::copy(from.data(), to.data(), whole | fs::copy_options::create_hard_links, error);
  if (!error) return;
  fs::remove_all(to.data(), error);
  fs::copy(from.data(), to.data(), whole, error);  // on another disk
  if (error) {
    Fail(ErrorCode::kIo, "cannot copy {} to {}: {}", from.data().string(), to.data().string(),
         error.message());
  }
}

struct flock WholeFile() {
  struct flock lock = {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

void WriteRecipe(const RunFolder& folder, const TrainRecipe& recipe) {
  WriteFileAtomically(folder.recipe(), RecipeToJson(recipe).dump(2) + "\n");
}

}  // namespace

// A lock of the open file, not of the process (fcntl(2), "Open file description locks"): others can
// ask for it without taking it.
RunLock::RunLock(const RunFolder& folder) {
  fs::create_directories(folder.root);
  fd_ = ::open(folder.lock().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) FailErrno(fmt::format("cannot open {}", folder.lock().string()));
  struct flock whole = WholeFile();
  if (::fcntl(fd_, F_OFD_SETLK, &whole) != 0) {
    const bool taken = errno == EAGAIN || errno == EACCES;
    ::close(fd_);
    if (!taken) FailErrno(fmt::format("cannot lock {}", folder.lock().string()));
    Fail(ErrorCode::kInvalidArgument, "another process trains in {}", folder.root.string());
  }
  const std::string id = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, id.data(), id.size(), 0) < 0) {
    // A full disk: the run cannot be stopped from elsewhere, but it can train.
  }
}

RunLock::~RunLock() { ::close(fd_); }

std::optional<pid_t> RunHolder(const RunFolder& folder) {
  const int fd = ::open(folder.lock().c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  struct flock whole = WholeFile();
  const bool held = ::fcntl(fd, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
  char text[32] = {};
  const ssize_t n = held ? ::pread(fd, text, sizeof text, 0) : 0;
  ::close(fd);
  if (!held) return std::nullopt;
  pid_t id = 0;
  if (n > 0) std::from_chars(text, text + n, id);
  return id;
}

TrainRecipe BeginRun(const RunFolder& folder, const TrainRecipe& recipe) {
  RefuseTaken(folder);
  TrainRecipe own = recipe;
  if (!own.weights.empty()) own.origin = WeightsOrigin(own.weights);
  WriteFileAtomically(folder.log(), "");
  WriteRecipe(folder, own);
  return own;
}

TrainRecipe ResumeRun(const RunFolder& folder) {
  RemoveTemporaries(folder);
  return LoadRecipe(folder.recipe());
}

TrainRecipe BranchRun(const RunFolder& folder, const RunFolder& other, const TrainRecipe* recipe) {
  RefuseTaken(folder);
  if (recipe != nullptr && !recipe->weights.empty()) {
    Fail(ErrorCode::kInvalidArgument,
         "a branch begins with the other run's weights; leave \"weights\" out of its recipe");
  }
  if (!fs::exists(other.checkpoint())) {
    Fail(ErrorCode::kNotFound, "{} holds no checkpoint to start from", other.root.string());
  }
  fs::remove(folder.recipe());  // of a run without a checkpoint
  TrainRecipe own = recipe == nullptr ? LoadRecipe(other.recipe()) : *recipe;
  CopyAtomically(other.tokenizer(), folder.tokenizer());
  if (recipe == nullptr) {
    ShareData(other, folder);
    CopyAtomically(other.log(), folder.log());
    CopyAtomically(other.checkpoint(), folder.checkpoint());
  } else {
    own.tokenizer = {};
    own.tokenizer.file = fs::absolute(other.tokenizer());
    const Checkpoint start = LoadCheckpoint(other.checkpoint());
    own.origin = start.state.lineage;
    TrainState state;
    state.optimizer_steps = start.state.optimizer_steps;
    WriteFileAtomically(folder.log(), "");
    SaveCheckpoint(folder.checkpoint(), start.model, state, start.weights, start.optimizer);
  }
  WriteRecipe(folder, own);
  return own;
}

}  // namespace pioneer
