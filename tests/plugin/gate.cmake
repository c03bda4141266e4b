belay_test(plugin/gate SOURCES gate.c USES kit)
add_dependencies(test_plugin_gate plugin_gate)
