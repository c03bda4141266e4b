foreach(topic checkout crash fetch trust)
  belay_test(plugin/git_${topic} SOURCES git_${topic}.c git_world.c USES kit TIMEOUT 180)
  add_dependencies(test_plugin_git_${topic} plugin_git)
endforeach()
# A kill at each point of a checkout: right, and too long for the quick tests.
set_tests_properties(plugin/git_crash PROPERTIES LABELS server)
