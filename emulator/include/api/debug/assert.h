// ASSERT is always on in the emulator and ends the run with the condition's text and line.
#pragma once

#include "tt_emulator/kernel_prelude.h"

#define ASSERT(condition, ...)                                                  \
    do {                                                                        \
        if (!(condition)) tt_emu_assert_failed(__FILE__, __LINE__, #condition); \
    } while (0)
