# OpenSSL checks the hashes of downloaded models.
find_package(OpenSSL REQUIRED)
set(MODEL_LIBRARIES OpenSSL::Crypto)
