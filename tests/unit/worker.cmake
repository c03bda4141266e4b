# Tests that run phases of the plugins in tests/plugin/hostile through the real worker.
foreach(name ends dialog run secrets describe)
  belay_test(unit/worker_${name} SOURCES worker_${name}.c worker_fixture.c USES worker)
  add_dependencies(test_unit_worker_${name} belay-worker test_plugins)
endforeach()
belay_test(unit/worker_wire SOURCES worker_wire.c ${PROJECT_SOURCE_DIR}/core/worker/capture.c USES worker)
belay_test(unit/redact SOURCES redact.c USES base)
belay_test(unit/file SOURCES file.c USES base)
