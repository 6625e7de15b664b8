# Precompiled headers hide includes and time stamps from ccache; these two are the sloppiness its manual asks for with them.
find_program(CCACHE_PROGRAM ccache)
if(JENSEN_CCACHE AND CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE_PROGRAM})
endif()
