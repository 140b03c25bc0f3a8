"""The nouns of Guanjia, frozen and pure. `procedure` (which needs pydantic) is imported only where definitions are read."""
