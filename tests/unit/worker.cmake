# Tests that run phases of the plugins in tests/plugin/hostile through the real worker.
foreach(name ends)
  belay_test(unit/worker_${name} SOURCES worker_${name}.c worker_fixture.c USES worker)
  add_dependencies(test_unit_worker_${name} belay-worker test_plugins)
endforeach()
