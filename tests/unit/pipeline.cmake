# core/pipeline is built into these tests, with a catalog of constants in the place of core/catalog.
get_target_property(sources belay_pipeline SOURCES)
list(TRANSFORM sources PREPEND ${PROJECT_SOURCE_DIR}/core/pipeline/)
add_library(belay_pipeline_fixture STATIC ${sources} ${PROJECT_SOURCE_DIR}/core/catalog/find.c
  ${PROJECT_SOURCE_DIR}/core/catalog/written.c ${CMAKE_CURRENT_LIST_DIR}/pipeline_catalog.c
  ${CMAKE_CURRENT_LIST_DIR}/pipeline_fixture.c)
target_link_libraries(belay_pipeline_fixture PUBLIC belay_base belay_sdk)
belay_packages(belay_pipeline_fixture libconfig jansson cmocka)
foreach(name templates collectors problems values files secrets env_secrets options try mutants)
  belay_test(unit/pipeline_${name} SOURCES pipeline_${name}.c USES pipeline_fixture)
endforeach()
