# i18n: the tests compare expressions with ICU's matcher.
find_package(ICU REQUIRED COMPONENTS i18n uc)
set(TEXT_LIBRARIES ICU::i18n ICU::uc)
