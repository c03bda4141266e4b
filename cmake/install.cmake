# What `cmake --install` adds to the programs and plugins, and the Debian packages that `cpack` makes of it: belay
# (component runtime) and belay-dev (component dev).

set(docs_folder ${CMAKE_INSTALL_DOCDIR})
install(FILES README.md LICENSE DESTINATION ${docs_folder})
install(DIRECTORY docs DESTINATION ${docs_folder} FILES_MATCHING PATTERN "*.md")
file(GLOB plugin_pages RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS plugins/*/README.md)
foreach(page IN LISTS plugin_pages)
  get_filename_component(folder ${page} DIRECTORY)
  install(FILES ${page} DESTINATION ${docs_folder}/${folder})
endforeach()

install(DIRECTORY examples/plugins DESTINATION ${docs_folder}/examples COMPONENT dev)

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
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS "belay (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_DEV_PACKAGE_RECOMMENDS "gcc, libc6-dev, make, pkg-config")
set(CPACK_COMPONENT_DEV_DESCRIPTION "what plugins for Belay are built with
One header, a pkg-config file, a fragment for Makefiles and a CMake package.")
include(CPack)
