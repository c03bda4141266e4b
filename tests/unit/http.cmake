# The parts of the http plugin that need no server.
set(http ${PROJECT_SOURCE_DIR}/plugins/http)
belay_test(unit/http_parts
  SOURCES http_parts.c ${http}/histogram.c ${http}/load_pace.c ${http}/json_path.c ${http}/flow_vars.c ${http}/signature.c
  USES sdk PKG jansson libcrypto libcurl)
target_include_directories(test_unit_http_parts PRIVATE ${http})
target_link_libraries(test_unit_http_parts PRIVATE plugin_text m)
