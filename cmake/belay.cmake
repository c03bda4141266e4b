# What every target of Belay shares, and the two kinds of target that recur: a part of the core, and a plugin.

find_package(PkgConfig REQUIRED)

add_compile_definitions(_GNU_SOURCE BELAY_VERSION="${PROJECT_VERSION}")
add_compile_options(
  -Wall -Wextra -Wpedantic -Werror -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -Wformat=2 -Wundef -Wcast-qual -Wwrite-strings -Wno-gnu-statement-expression -fno-common
  -fstack-protector-strong
  # What a newer release of a library deprecates still works, and the oldest supported one has nothing else.
  -Wno-deprecated-declarations)
if(CMAKE_C_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wshadow -Wno-language-extension-token -Wno-gnu-auto-type -Wno-gnu-zero-variadic-macro-arguments)
else()
  # gcc's plain -Wshadow forbids a variable with the name of a type. Texts for people are cut by snprintf on purpose.
  add_compile_options(-Wshadow=local -Wno-format-truncation)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_compile_definitions(_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now)

if(BELAY_SANITIZE)
  add_compile_definitions(BELAY_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
if(BELAY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# belay_part(NAME SOURCES ... USES ... [PKG ...]): one folder of core/, a static library whose public headers are found
# as <NAME/...>. USES names the parts below it; a part that is not named does not link.
function(belay_part name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES;PKG" ${ARGN})
  add_library(belay_${name} STATIC ${ARG_SOURCES})
  target_include_directories(belay_${name} PUBLIC ${PROJECT_SOURCE_DIR}/core)
  list(TRANSFORM ARG_USES PREPEND belay_)
  target_link_libraries(belay_${name} PUBLIC ${ARG_USES})
  belay_packages(belay_${name} ${ARG_PKG})
endfunction()

# belay_plugin(NAME SOURCES ... [PKG ...]): plugins/NAME as NAME.so, which exports one symbol and sees only the SDK (and plugins/say).
function(belay_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PKG" ${ARGN})
  add_library(plugin_${name} MODULE ${ARG_SOURCES})
  set_target_properties(plugin_${name} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  target_link_libraries(plugin_${name} PRIVATE belay_sdk plugin_say)
  if(NOT BELAY_SANITIZE)
    target_link_options(plugin_${name} PRIVATE
      -Wl,-z,defs -Wl,--version-script=${PROJECT_SOURCE_DIR}/sdk/build/plugin.map)
  endif()
  belay_packages(plugin_${name} ${ARG_PKG})
  install(TARGETS plugin_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/belay)
endfunction()

# Links TARGET with pkg-config packages; their headers count as system headers.
function(belay_packages target)
  foreach(package IN LISTS ARGN)
    string(MAKE_C_IDENTIFIER PC_${package} id)
    if(NOT TARGET PkgConfig::${id})
      pkg_check_modules(${id} REQUIRED IMPORTED_TARGET GLOBAL ${package})
    endif()
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "STATIC_LIBRARY")
      target_link_libraries(${target} PUBLIC PkgConfig::${id})
    else()
      target_link_libraries(${target} PRIVATE PkgConfig::${id})
    endif()
  endforeach()
endfunction()

# belay_test(NAME SOURCES ... [USES ...] [PKG ...] [LABEL quick|server] [TIMEOUT s]): a cmocka test program; NAME is its
# path below tests/. "quick" needs no server, and together they stay under a minute.
function(belay_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;USES;PKG" ${ARGN})
  string(MAKE_C_IDENTIFIER test_${name} target)
  add_executable(${target} ${ARG_SOURCES})
  list(TRANSFORM ARG_USES PREPEND belay_)
  target_link_libraries(${target} PRIVATE ${ARG_USES})
  belay_packages(${target} cmocka ${ARG_PKG})
  target_compile_options(${target} PRIVATE -Wno-sign-conversion) # cmocka's assert_true() takes an unsigned integer
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${target})
  if(NOT ARG_LABEL)
    set(ARG_LABEL quick)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "BELAY_BUILD_DIR=${CMAKE_BINARY_DIR};BELAY_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()
