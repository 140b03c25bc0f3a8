"""A year of the shipped office: households that call, staff who do what can be done when they come to it, and a clock that is moved."""
