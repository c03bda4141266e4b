# What `cmake --install` adds to the programs and plugins, and the Debian packages that `cpack` makes of it: belay
# (component runtime) and belay-dev (component dev).

set(docs_folder ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md LICENSE DESTINATION ${docs_folder})
install(DIRECTORY docs DESTINATION ${docs_folder} FILES_MATCHING PATTERN "*.md" PATTERN man EXCLUDE)
file(GLOB plugin_pages RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS plugins/*/README.md)
foreach(page IN LISTS plugin_pages)
  get_filename_component(folder ${page} DIRECTORY)
  install(FILES ${page} DESTINATION ${docs_folder}/${folder})
endforeach()

install(DIRECTORY examples/plugins DESTINATION ${docs_folder}/examples COMPONENT dev)

# The service names the program's place, which `cmake --install --prefix` may still change.
set(units_folder lib/systemd/system)
install(FILES systemd/belay-resume@.timer DESTINATION ${units_folder})
install(CODE "
  set(belay_bin \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
  set(belay_docs \"\${CMAKE_INSTALL_PREFIX}/${docs_folder}\")
  configure_file(\"${PROJECT_SOURCE_DIR}/systemd/belay-resume@.service.in\"
    \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${units_folder}/belay-resume@.service\" @ONLY)"
  COMPONENT runtime)

# Manual pages, of docs/man/NAME.SECTION.scd.
find_program(SCDOC scdoc)
if(SCDOC)
  file(GLOB manual_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.scd)
  foreach(source IN LISTS manual_sources)
    get_filename_component(page ${source} NAME_WLE)
    string(REGEX REPLACE "^.*\\." "" section ${page})
    set(page ${CMAKE_BINARY_DIR}/man/${page})
    add_custom_command(OUTPUT ${page} COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/man
      COMMAND sh -c "\"$0\" <\"$1\" >\"$2\"" ${SCDOC} ${source} ${page} DEPENDS ${source} VERBATIM)
    list(APPEND manual_pages ${page})
    set(component runtime)
    if(source MATCHES "belay-plugin")
      set(component dev)
    endif()
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section} COMPONENT ${component})
  endforeach()
  add_custom_target(manual ALL DEPENDS ${manual_pages})
else()
  message(STATUS "scdoc is not there: the manual pages are not built")
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME belay)
set(CPACK_PACKAGE_VENDOR "Belay")
set(CPACK_PACKAGE_CONTACT "Belay developers <belay@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
set(CPACK_COMPONENTS_ALL runtime dev)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)

set(CPACK_DEBIAN_RUNTIME_PACKAGE_NAME belay)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SHLIBDEPS ON)
# The programs that some of the step kinds run.
set(CPACK_DEBIAN_RUNTIME_PACKAGE_SUGGESTS "git, docker.io, postgresql-client")
set(CPACK_COMPONENT_RUNTIME_DESCRIPTION "transactional deploys, with a way back
Runs a staged deploy as one transaction: backs up, builds, migrates, starts and
checks, and takes everything back when a step fails.")

set(CPACK_DEBIAN_DEV_PACKAGE_NAME belay-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION devel)
# Behind the first: what libbelay-testkit.a is linked with.
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
  "belay (= ${PROJECT_VERSION}), libcmocka-dev, libuv1-dev, libjansson-dev, libssl-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "gcc, libc6-dev, make, pkg-config")
set(CPACK_COMPONENT_DEV_DESCRIPTION "what plugins for Belay are built with
One header, a library of fixtures for tests, pkg-config files, a fragment for
Makefiles and a CMake package.")
include(CPack)
