add_library(belay_web STATIC ${CMAKE_CURRENT_SOURCE_DIR}/web.c)
target_include_directories(belay_web PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})

add_library(belay_meanwhile STATIC ${CMAKE_CURRENT_SOURCE_DIR}/meanwhile.c)
target_include_directories(belay_meanwhile PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(belay_meanwhile PUBLIC belay_kit)

belay_test(plugin/http_health SOURCES http_health.c USES kit web LABEL quick)
belay_test(plugin/http_latency SOURCES http_latency.c USES kit web LABEL quick)
belay_test(plugin/http_tls SOURCES http_tls.c USES kit LABEL server)
belay_test(plugin/redis_info SOURCES redis_info.c USES kit web LABEL server)
belay_test(plugin/redis_window SOURCES redis_window.c USES kit meanwhile LABEL server)
