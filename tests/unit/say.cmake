# The parts of plugins/say that need no host.
belay_test(unit/measure_name SOURCES measure_name.c USES sdk)
target_link_libraries(test_unit_measure_name PRIVATE plugin_say)
