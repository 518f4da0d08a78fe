"""For all tests: a key of their own, so that no test ever reads or writes the key or the keyring of whoever runs them."""

from __future__ import annotations

import os

from bots.keys import KEY_VARIABLE, generate_key

os.environ[KEY_VARIABLE] = generate_key()
