belay_test(unit/machine SOURCES machine.c machine_sim.c USES engine)
belay_test(unit/machine_walk SOURCES machine_walk.c machine_sim.c USES engine)
