belay_test(plugin/grafana_steps SOURCES grafana_steps.c grafana_world.c USES kit LABEL server)
target_link_libraries(test_plugin_grafana_steps PRIVATE plugin_say)
belay_test(plugin/grafana_panel SOURCES grafana_panel.c grafana_world.c USES kit LABEL server)
belay_test(plugin/grafana_answers SOURCES grafana_answers.c USES kit LABEL quick)
