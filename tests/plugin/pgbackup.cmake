add_library(belay_postgres_world STATIC ${CMAKE_CURRENT_SOURCE_DIR}/postgres_world.c)
target_include_directories(belay_postgres_world PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(belay_postgres_world PUBLIC belay_kit)

belay_test(plugin/postgres_snapshot SOURCES postgres_snapshot.c USES kit postgres_world LABEL server TIMEOUT 300)
belay_test(plugin/postgres_backup SOURCES postgres_backup.c USES kit postgres_world LABEL server TIMEOUT 300)
belay_test(plugin/postgres_query SOURCES postgres_query.c USES kit postgres_world LABEL server TIMEOUT 180)
belay_test(plugin/postgres_window SOURCES postgres_window.c USES kit postgres_world meanwhile LABEL server TIMEOUT 180)
belay_test(plugin/postgres_diagnose SOURCES postgres_diagnose.c USES kit postgres_world meanwhile LABEL server TIMEOUT 180)
