foreach(name open runs journal lock)
  belay_test(unit/store_${name} SOURCES store_${name}.c store_fixture.c USES store)
endforeach()
