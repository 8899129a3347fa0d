"""The look: stylesheet, components, charts, menu."""
