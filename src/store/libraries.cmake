# SQLite keeps the rows, OpenSSL hashes keys, ICU folds text for search.
find_package(SQLite3 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ICU REQUIRED COMPONENTS uc)
set(STORE_LIBRARIES SQLite::SQLite3 OpenSSL::Crypto ICU::uc)
