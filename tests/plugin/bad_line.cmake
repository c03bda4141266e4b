# Every plugin that talks to a server, over lines that cut, end, stall, slow down and garble what it says.
add_library(belay_bad_line STATIC ${CMAKE_CURRENT_SOURCE_DIR}/proxy.c ${CMAKE_CURRENT_SOURCE_DIR}/bad_line.c)
target_include_directories(belay_bad_line PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(belay_bad_line PUBLIC belay_kit)

belay_test(plugin/bad_line_redis SOURCES bad_line_redis.c USES kit bad_line LABEL server TIMEOUT 300)
belay_test(plugin/bad_line_postgres SOURCES bad_line_postgres.c migration_world.c USES kit postgres_world bad_line LABEL server TIMEOUT 400)
belay_test(plugin/bad_line_http SOURCES bad_line_http.c USES kit bad_line LABEL server TIMEOUT 300)
belay_test(plugin/bad_line_docker SOURCES bad_line_docker.c USES kit docker_world bad_line LABEL server TIMEOUT 400)
set_tests_properties(plugin/bad_line_docker PROPERTIES RESOURCE_LOCK engine)
