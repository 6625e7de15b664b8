/* The version of the library and of the `jensen` program; CMake reads it from here. */
#ifndef JENSEN_VERSION_H
#define JENSEN_VERSION_H

#define JENSEN_VERSION_MAJOR 0
#define JENSEN_VERSION_MINOR 1
#define JENSEN_VERSION_PATCH 0
#define JENSEN_VERSION_STRING "0.1.0"

#endif
