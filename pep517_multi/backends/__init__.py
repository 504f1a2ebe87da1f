"""Build environments of a target, and :pep:`517` calls in them."""
