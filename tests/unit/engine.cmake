belay_test(unit/machine SOURCES machine.c ../sim/machine.c USES sim)
