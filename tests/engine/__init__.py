"""The engine, without Django: `python -m pytest -p no:django tests/engine`."""
