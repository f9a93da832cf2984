import sys

from tilelang_tt_cli import main

sys.exit(main())
