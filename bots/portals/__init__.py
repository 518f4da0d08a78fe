"""One small module per portal: what its steps mean. How they look stands in ``selectors/<slug>.yaml``."""
