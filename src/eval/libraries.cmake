# ICU matches the patterns of tasks, OpenSSL names files by their hash.
find_package(ICU REQUIRED COMPONENTS i18n uc)
find_package(OpenSSL REQUIRED)
set(EVAL_LIBRARIES ICU::i18n ICU::uc OpenSSL::Crypto)
