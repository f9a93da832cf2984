// Operations with the operands in reverse.
#pragma once

#include "api/compute/eltwise_unary/rsub.h"
