belay_test(plugin/postgres_migrate SOURCES postgres_migrate.c USES kit postgres_world LABEL server TIMEOUT 180)
