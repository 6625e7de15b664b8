# Embeds stdlib/*.model in the library, so that the program finds them without a path, built or installed.
file(GLOB JENSEN_STDLIB_FILES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/stdlib/*.model)

function(jensen_embed_stdlib result)
  set(output ${CMAKE_CURRENT_BINARY_DIR}/generated/stdlib_text.cpp)
  set(script ${CMAKE_CURRENT_SOURCE_DIR}/cmake/embed_stdlib.cmake)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -D "FILES=${JENSEN_STDLIB_FILES}" -D OUTPUT=${output} -P ${script}
    DEPENDS ${JENSEN_STDLIB_FILES} ${script}
    COMMENT "Embedding stdlib"
    VERBATIM)
  set(${result} ${output} PARENT_SCOPE)
endfunction()
