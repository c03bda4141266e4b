foreach(topic checkout crash fetch)
  belay_test(plugin/git_${topic} SOURCES git_${topic}.c git_world.c USES kit TIMEOUT 180)
  add_dependencies(test_plugin_git_${topic} plugin_git)
endforeach()
