# The pure part of the postgres plugin: SQL text, no server.
set(sql_folder ${PROJECT_SOURCE_DIR}/plugins/postgres)
add_library(belay_sql STATIC ${sql_folder}/buf.c ${sql_folder}/lexer.c ${sql_folder}/statement.c ${sql_folder}/markers.c
  ${sql_folder}/splitter.c
  ${sql_folder}/masked.c ${sql_folder}/decimal.c)
target_include_directories(belay_sql PUBLIC ${sql_folder})

belay_test(unit/sql_lexer SOURCES sql_lexer.c USES sql)
belay_test(unit/sql_statement SOURCES sql_statement.c USES sql)
belay_test(unit/sql_splitter SOURCES sql_splitter.c USES sql)
belay_test(unit/sql_decimal SOURCES sql_decimal.c USES sql)
belay_test(unit/sql_masked SOURCES sql_masked.c USES sql)
