# ICU matches the patterns of tasks, OpenSSL names files by their hash, libseccomp confines the
# programs that models write.
find_package(ICU REQUIRED COMPONENTS i18n uc)
find_package(OpenSSL REQUIRED)
find_library(PIONEER_SECCOMP NAMES seccomp REQUIRED)
set(EVAL_LIBRARIES ICU::i18n ICU::uc OpenSSL::Crypto ${PIONEER_SECCOMP})
