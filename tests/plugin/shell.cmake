foreach(topic check report run k6)
  belay_test(plugin/shell_${topic} SOURCES shell_${topic}.c shell_world.c USES kit)
  add_dependencies(test_plugin_shell_${topic} plugin_shell)
endforeach()
