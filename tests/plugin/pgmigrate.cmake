belay_test(plugin/postgres_migrate SOURCES postgres_migrate.c USES kit postgres_world LABEL server TIMEOUT 180)
belay_test(plugin/postgres_splitter SOURCES postgres_splitter.c psql_wire.c USES kit sql LABEL server)
