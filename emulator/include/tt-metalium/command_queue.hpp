#pragma once

#include <tt-metalium/mesh_command_queue.hpp>
