# Builds the page (web/, npm and Vite) and makes one source file of it for the program.
# Sets WEB_PAGE_SOURCE; empty when PIONEER_WEB is off.
set(WEB_PAGE_SOURCE "")
if(NOT PIONEER_WEB)
  return()
endif()

find_program(NPM npm REQUIRED)
set(web ${CMAKE_SOURCE_DIR}/web)
file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${web}/src/* ${web}/public/*)
list(APPEND web_sources ${web}/index.html ${web}/vite.config.ts ${web}/precompress.ts
     ${web}/tsconfig.json ${web}/package.json)

set(packages_stamp ${CMAKE_BINARY_DIR}/web/packages.stamp)
add_custom_command(
  OUTPUT ${packages_stamp}
  COMMAND ${NPM} ci --no-audit --no-fund --loglevel=error
  COMMAND ${CMAKE_COMMAND} -E touch ${packages_stamp}
  DEPENDS ${web}/package-lock.json
  WORKING_DIRECTORY ${web}
  COMMENT "Installing the page's packages (npm)"
  VERBATIM)

set(WEB_PAGE_SOURCE ${CMAKE_BINARY_DIR}/web/assets.cc)
add_custom_command(
  OUTPUT ${WEB_PAGE_SOURCE}
  COMMAND ${NPM} run build --silent
  COMMAND ${CMAKE_COMMAND} -D DIST=${web}/dist -D OUT=${WEB_PAGE_SOURCE}
          -P ${CMAKE_SOURCE_DIR}/cmake/EmbedAssets.cmake
  DEPENDS ${packages_stamp} ${web_sources} ${CMAKE_SOURCE_DIR}/cmake/EmbedAssets.cmake
  WORKING_DIRECTORY ${web}
  COMMENT "Building the page"
  VERBATIM)
