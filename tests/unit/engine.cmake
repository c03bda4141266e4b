belay_test(unit/machine SOURCES machine.c machine_sim.c USES engine)
belay_test(unit/engine_secrets SOURCES engine_secrets.c USES engine kit)
add_dependencies(test_unit_engine_secrets test_plugins)
belay_test(unit/machine_walk SOURCES machine_walk.c machine_sim.c USES engine)
