#pragma once

#define PAUSE()
