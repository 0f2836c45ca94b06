#include "base/confinement.h"

#include <asm/termbits.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "base/error.h"

namespace pioneer {
namespace {

static_assert(sizeof(sock_filter) == sizeof(uint64_t));

// What a process needs that only works on what it was given already.
constexpr const char* kComputing[] = {
    "brk",          "clock_gettime",   "close",        "exit",           "exit_group",
    "fstat",        "futex",           "getpid",       "getrandom",      "gettid",
    "gettimeofday", "lseek",           "madvise",      "mmap",           "mprotect",
    "mremap",       "munmap",          "newfstatat",   "pread64",        "read",
    "recvmsg",      "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "sched_yield",  "sigaltstack",     "write",        "writev",
};

// What Python needs to start, compute, read and print; most programs need no more.
constexpr const char* kAllowed[] = {
    "access",
    "alarm",
    "arch_prctl",
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "close_range",
    "dup",
    "dup2",
    "dup3",
    "epoll_create1",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "eventfd2",
    "execve",
    "exit",
    "exit_group",
    "faccessat",
    "faccessat2",
    "fadvise64",
    "fstat",
    "fstatfs",
    "futex",
    "get_robust_list",
    "getcwd",
    "getdents64",
    "getegid",
    "geteuid",
    "getgid",
    "getitimer",
    "getpgid",
    "getpgrp",
    "getpid",
    "getppid",
    "getrandom",
    "getrlimit",
    "getrusage",
    "getsid",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "lstat",
    "madvise",
    "membarrier",
    "mmap",
    "mprotect",
    "mremap",
    "munmap",
    "nanosleep",
    "newfstatat",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "pread64",
    "pselect6",
    "read",
    "readlink",
    "readlinkat",
    "readv",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sched_getaffinity",
    "sched_yield",
    "select",
    "set_robust_list",
    "set_tid_address",
    "setitimer",
    "sigaltstack",
    "stat",
    "statfs",
    "statx",
    "sysinfo",
    "time",
    "times",
    "umask",
    "uname",
    "write",
    "writev",
};

struct Releaser {
  void operator()(void* filter) const { seccomp_release(filter); }
};

void Check(int status) {
  if (status < 0) {
    Fail(ErrorCode::kUnsupported, "a program cannot be confined here: libseccomp answers {}",
         status);
  }
}

// Calls that are fine with some arguments only.
void AllowWithConditions(scmp_filter_ctx filter) {
  constexpr uint64_t kWrites = O_ACCMODE | O_CREAT | O_TRUNC;
  Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
                         SCMP_A2_64(SCMP_CMP_MASKED_EQ, kWrites, O_RDONLY)));
  Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(open), 1,
                         SCMP_A1_64(SCMP_CMP_MASKED_EQ, kWrites, O_RDONLY)));
  // Threads, but no processes.
  Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                         SCMP_A0_64(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)));
  // clone3's flags lie in memory; without it, the C library takes clone.
  Check(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
  // Limits are read, not set.
  Check(
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2_64(SCMP_CMP_EQ, 0, 0)));
  // A descriptor's owner would be sent signals.
  for (const uint64_t command : {F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_SETFL}) {
    Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                           SCMP_A1_64(SCMP_CMP_EQ, command, 0)));
  }
  for (const uint64_t request : {TCGETS, FIOCLEX, FIONCLEX, FIONBIO}) {
    Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                           SCMP_A1_64(SCMP_CMP_EQ, request, 0)));
  }
}

void AllowReading(int rules, const char* path, uint64_t access) {
  const int fd = ::open(path, O_PATH | O_CLOEXEC);
  if (fd < 0) return;  // not every system has each of them
  landlock_path_beneath_attr beneath = {};
  beneath.allowed_access = access;
  beneath.parent_fd = fd;
  ::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
  ::close(fd);
}

template <size_t N>
void AllowCalls(scmp_filter_ctx filter, const char* const (&names)[N]) {
  for (const char* name : names) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) Check(seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0));
  }
}

std::vector<uint64_t> ExportFilter(scmp_filter_ctx filter) {
  const int fd = ::memfd_create("filter", MFD_CLOEXEC);
  if (fd < 0) FailErrno("cannot make a filter of system calls");
  const int status = seccomp_export_bpf(filter, fd);
  const off_t n_bytes = ::lseek(fd, 0, SEEK_END);
  std::vector<uint64_t> program(static_cast<size_t>(n_bytes) / sizeof(uint64_t));
  const ssize_t n_read = ::pread(fd, program.data(), static_cast<size_t>(n_bytes), 0);
  ::close(fd);
  Check(n_read == n_bytes ? status : -EIO);
  return program;
}

}  // namespace

std::vector<uint64_t> MakeSystemCallFilter(CallList calls) {
  const std::unique_ptr<void, Releaser> filter(seccomp_init(SCMP_ACT_ERRNO(EPERM)));
  if (!filter) Fail(ErrorCode::kUnsupported, "a program cannot be confined here");
  if (calls == CallList::kComputing) {
    AllowCalls(filter.get(), kComputing);
  } else {
    AllowCalls(filter.get(), kAllowed);
    AllowWithConditions(filter.get());
  }
  return ExportFilter(filter.get());
}

int MakeLandlockRules(FileReach reach) {
  constexpr uint64_t kRead = LANDLOCK_ACCESS_FS_READ_FILE;
  constexpr uint64_t kReadFolders = kRead | LANDLOCK_ACCESS_FS_READ_DIR;
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = kReadFolders | LANDLOCK_ACCESS_FS_EXECUTE |
                                 LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG;
  const auto rules =
      static_cast<int>(::syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0));
  if (rules < 0 || reach == FileReach::kNothing) return rules < 0 ? -1 : rules;
  for (const char* folder : {"/usr", "/lib", "/lib64", "/bin"}) {
    AllowReading(rules, folder, kReadFolders | LANDLOCK_ACCESS_FS_EXECUTE);
  }
  for (const char* file : {"/etc/ld.so.cache", "/dev/null", "/dev/urandom"}) {
    AllowReading(rules, file, kRead);
  }
  return rules;
}

bool ConfineThisProcess(const std::vector<uint64_t>& filter, int landlock_rules) {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  if (landlock_rules >= 0 && ::syscall(SYS_landlock_restrict_self, landlock_rules, 0) != 0) {
    return false;
  }
  sock_fprog program = {};
  program.len = static_cast<unsigned short>(filter.size());
  program.filter = reinterpret_cast<sock_filter*>(const_cast<uint64_t*>(filter.data()));
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

}  // namespace pioneer
