belay_test(unit/units_parse SOURCES units_parse.c USES base)
belay_test(unit/units_threshold SOURCES units_threshold.c USES base)
belay_test(unit/nearest SOURCES nearest.c USES base)
belay_test(unit/abi SOURCES abi.c USES base sdk)
