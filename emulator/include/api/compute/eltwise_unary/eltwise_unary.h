// Copies and set-up for operations on one operand.
#pragma once

#include "api/compute/common.h"
#include "api/compute/tile_move_copy.h"
