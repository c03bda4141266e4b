belay_test(unit/machine SOURCES machine.c ../sim/machine.c USES sim)
belay_test(unit/engine_secrets SOURCES engine_secrets.c USES engine kit)
add_dependencies(test_unit_engine_secrets test_plugins)
