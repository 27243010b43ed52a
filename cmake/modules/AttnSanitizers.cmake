# Applies ATTN_USE_SANITIZER to everything that this project compiles.
# LLVM and MLIR themselves come uninstrumented from their packages, so checks
# that need both sides instrumented (container overflow) are switched off by
# the test runner through ASAN_OPTIONS.

if(ATTN_USE_SANITIZER)
  foreach(sanitizer IN LISTS ATTN_USE_SANITIZER)
    if(NOT sanitizer MATCHES "^(address|undefined|thread)$")
      message(FATAL_ERROR
        "ATTN_USE_SANITIZER: '${sanitizer}' is not one of address, undefined, thread")
    endif()
    add_compile_options(-fsanitize=${sanitizer} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${sanitizer})
    if(sanitizer STREQUAL "undefined")
      # vptr checks need RTTI of uninstrumented LLVM classes.
      add_compile_options(-fno-sanitize=vptr,function -fno-sanitize-recover=undefined)
    endif()
  endforeach()
endif()
