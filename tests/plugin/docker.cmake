# The program that the tests' containers run: static, and without sanitizers, whatever the build's other options.
set(tiny ${CMAKE_BINARY_DIR}/tests/docker-tiny)
add_custom_command(OUTPUT ${tiny}
  COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/tests
  COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -O1 -static -Wall -Wextra -Werror -o ${tiny}
          ${CMAKE_CURRENT_SOURCE_DIR}/docker_app/tiny.c
  DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/docker_app/tiny.c VERBATIM)
add_custom_target(docker_tiny DEPENDS ${tiny})

add_library(belay_docker_world STATIC ${CMAKE_CURRENT_SOURCE_DIR}/docker_world.c)
target_include_directories(belay_docker_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(belay_docker_world PUBLIC belay_kit)
add_dependencies(belay_docker_world docker_tiny plugin_docker)

foreach(topic info tls context files newer build stop up logs prune stats volume diagnose)
  belay_test(plugin/docker_${topic} SOURCES docker_${topic}.c USES kit docker_world meanwhile LABEL server TIMEOUT 600)
  # One at a time: they share an engine, and some measure its time.
  set_tests_properties(plugin/docker_${topic} PROPERTIES RESOURCE_LOCK engine)
endforeach()

# An engine of its own: it takes no lock.
belay_test(plugin/docker_prune_engine SOURCES docker_prune_engine.c USES kit docker_world LABEL server TIMEOUT 200)

set(docker ${PROJECT_SOURCE_DIR}/plugins/docker)
belay_test(plugin/docker_parse
  SOURCES docker_parse.c ${docker}/buildlog.c ${docker}/judge.c ${docker}/logread.c ${docker}/tags.c ${docker}/image.c
          ${docker}/engine.c ${docker}/engine_open.c ${docker}/address.c ${docker}/engine_same.c ${docker}/engine_dead.c
          ${docker}/engine_value.c ${docker}/engine_clock.c ${docker}/containers.c ${docker}/start.c ${docker}/call.c ${docker}/usage.c
  USES sdk PKG libcurl jansson)
target_include_directories(test_plugin_docker_parse PRIVATE ${PROJECT_SOURCE_DIR}/plugins ${PROJECT_SOURCE_DIR}/tests/kit)
target_link_libraries(test_plugin_docker_parse PRIVATE plugin_say plugin_text plugin_durable)

belay_test(plugin/docker_tarball SOURCES docker_tarball.c ${docker}/tarball.c USES kit PKG libarchive)
target_include_directories(test_plugin_docker_tarball PRIVATE ${PROJECT_SOURCE_DIR}/plugins)
target_link_libraries(test_plugin_docker_tarball PRIVATE plugin_durable)

belay_test(plugin/docker_clues
  SOURCES docker_clues.c ${docker}/ailment.c ${docker}/engine.c ${docker}/engine_open.c ${docker}/address.c
          ${docker}/engine_same.c ${docker}/engine_dead.c ${docker}/engine_value.c ${docker}/call.c
  USES sdk PKG libcurl jansson)
target_include_directories(test_plugin_docker_clues PRIVATE ${PROJECT_SOURCE_DIR}/plugins ${PROJECT_SOURCE_DIR}/tests/kit)
target_link_libraries(test_plugin_docker_clues PRIVATE plugin_clues plugin_say plugin_text plugin_durable)

# The engine is the test's own.
belay_test(plugin/docker_clock SOURCES docker_clock.c USES kit)
add_dependencies(test_plugin_docker_clock plugin_docker)
