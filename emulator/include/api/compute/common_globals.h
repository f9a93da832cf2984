// What every compute header builds on.
#pragma once

#include "tt_emulator/compute_common.h"
