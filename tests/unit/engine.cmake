belay_test(unit/machine SOURCES machine.c ../sim/machine.c USES sim)
belay_test(unit/machine_diagnose SOURCES machine_diagnose.c ../sim/machine.c USES sim)
# It searches its own memory, of which AddressSanitizer makes terabytes.
if(NOT BELAY_SANITIZE)
  belay_test(unit/engine_secrets SOURCES engine_secrets.c ../e2e/vault_world.c USES engine kit)
  target_include_directories(test_unit_engine_secrets PRIVATE ${PROJECT_SOURCE_DIR}/tests/e2e)
  add_dependencies(test_unit_engine_secrets test_plugins belay-vault)
endif()
