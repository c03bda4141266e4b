add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/hostile)
add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/faulty)
