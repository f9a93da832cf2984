// libstdc++ of the Linux cross compiler, without threads.
#include_next <bits/c++config.h>
#undef _GLIBCXX_HAS_GTHREADS
#undef _GTHREAD_USE_MUTEX_TIMEDLOCK
#undef _GLIBCXX_HAVE_LINUX_FUTEX
#undef _GLIBCXX_HAVE_TLS
