#pragma once

#include "tt_emulator/kernel_prelude.h"

constexpr uint32_t align(uint32_t value, uint32_t alignment) { return (value + alignment - 1) / alignment * alignment; }
