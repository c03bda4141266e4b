foreach(kind disk memory env secret port diagnose)
  belay_test(plugin/host_${kind} SOURCES host_${kind}.c USES kit)
  add_dependencies(test_plugin_host_${kind} plugin_host)
endforeach()
