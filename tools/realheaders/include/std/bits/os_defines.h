// libstdc++ was configured for Linux; kernels have picolibc.
#ifndef _GLIBCXX_OS_DEFINES
#define _GLIBCXX_OS_DEFINES 1
#include <sys/features.h>
#define __NO_CTYPE 1
#endif
