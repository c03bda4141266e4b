belay_test(plugin/postgres_splitter SOURCES postgres_splitter.c psql_wire.c USES kit sql LABEL server TIMEOUT 180)
foreach(kind migrations trial migrate directions session)
  belay_test(plugin/postgres_${kind} SOURCES postgres_${kind}.c migration_world.c USES kit postgres_world LABEL server TIMEOUT 180)
endforeach()
