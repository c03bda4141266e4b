add_library(belay_web STATIC ${CMAKE_CURRENT_SOURCE_DIR}/web.c)
target_include_directories(belay_web PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})

belay_test(plugin/http_health SOURCES http_health.c USES kit web LABEL quick)
belay_test(plugin/http_latency SOURCES http_latency.c USES kit web LABEL quick)
belay_test(plugin/http_tls SOURCES http_tls.c USES kit LABEL server)
belay_test(plugin/redis_info SOURCES redis_info.c USES kit web LABEL server)
