# The pure part of the grafana plugin.
set(grafana_folder ${PROJECT_SOURCE_DIR}/plugins/grafana)
belay_test(unit/grafana_variables SOURCES grafana_variables.c ${grafana_folder}/variables.c ${grafana_folder}/titles.c PKG jansson)
target_include_directories(test_unit_grafana_variables PRIVATE ${grafana_folder})
